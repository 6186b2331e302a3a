/** How far a call is that was placed with the provider. It only goes on: what is told late takes nothing back. */
import * as z from 'zod';
import { UNANSWERED, type Unanswered } from '../transcript/index.ts';

export const outboundStateSchema = z.enum(['queued', 'ringing', 'inProgress', 'ended']);
export type OutboundState = z.infer<typeof outboundStateSchema>;

/** How it ended, as the provider has it: that it was completed does not say that a person answered. */
export const outboundEndSchema = z.enum(['completed', ...UNANSWERED]);
export type OutboundEnd = z.infer<typeof outboundEndSchema>;

export const isUnanswered = (end: OutboundEnd | undefined): end is Unanswered =>
  end !== undefined && end !== 'completed';

export interface Progress {
  readonly state: OutboundState;
  readonly end?: OutboundEnd | undefined;
}

/** https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const PROGRESS: ReadonlyMap<string, Progress> = new Map([
  ['queued', { state: 'queued' }],
  ['initiated', { state: 'queued' }],
  ['ringing', { state: 'ringing' }],
  ['in-progress', { state: 'inProgress' }],
  ['answered', { state: 'inProgress' }],
  ['completed', { state: 'ended', end: 'completed' }],
  ['busy', { state: 'ended', end: 'busy' }],
  ['no-answer', { state: 'ended', end: 'noAnswer' }],
  ['failed', { state: 'ended', end: 'failed' }],
  ['canceled', { state: 'ended', end: 'canceled' }],
]);

/** undefined: a word that we do not know. */
export const progressFrom = (callStatus: string): Progress | undefined => PROGRESS.get(callStatus);

/** Of two things that are told, the one with the higher rank is true. */
export const rankOf = ({ state }: Progress): number => outboundStateSchema.options.indexOf(state);
