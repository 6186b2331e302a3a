/** What the model hears of a call that it leaves. */
import type { ToolResult } from './tool.ts';

/** It is told beforehand what follows when the caller speaks: a text at that moment would be answered, beside the caller. */
export function unlessCallerSpeaks(again: string): string {
  return `If the caller says anything before that, the call goes on: answer, and ${again} again when there is nothing more.`;
}

export function notNow(): ToolResult {
  return {
    status: 'not_now',
    retryable: true,
    message: 'The connection is broken just now. Do it when the caller is back.',
  };
}
