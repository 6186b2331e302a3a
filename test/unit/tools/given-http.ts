/** A tool that asks a service on this machine. */
import { createHttpTool, type HttpToolSpec } from '../../../src/tools/http-tool.ts';
import type { Template } from '../../../src/tools/template.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const of = (...path: string[]) => ({ path });
export const never = new AbortController().signal;

export function toolOf(
  port: number,
  spec: Partial<HttpToolSpec> = {},
  path: Template = ['/tables'],
  clock = new ManualClock(),
) {
  return createHttpTool(
    {
      kind: 'http',
      name: 'tables',
      description: 'Looks for tables.',
      deadlineMs: 5_000,
      method: 'GET',
      url: [`http://127.0.0.1:${port}`, ...path],
      query: {},
      headers: {},
      allowsPrivate: true,
      ...spec,
    },
    { clock },
  );
}
