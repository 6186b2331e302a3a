/**
 * How patiently the provider asks, as the fragment of an address tells it: `#rc=2&rp=ct,5xx&rt=5000`.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */

/** No connection, no answer in time, and a status that says so. */
export type Trouble = 'ct' | 'rt' | '4xx' | '5xx';

export interface ConnectionOptions {
  readonly readMs: number;
  /** All tries together; the hard limit of a call's requests. */
  readonly totalMs: number;
  readonly retries: number;
  readonly retryOn: ReadonlySet<Trouble>;
}

const TROUBLES: readonly Trouble[] = ['ct', 'rt', '4xx', '5xx'];
const LIMIT_MS = 15_000;
const SHORTEST_MS = 100;
const MAX_RETRIES = 5;

/** What is out of range or unknown is as if it were not there. */
export function connectionOptions(url: string): ConnectionOptions {
  const fragment = new URLSearchParams(/#(.*)$/s.exec(url)?.[1] ?? '');
  const number = (name: string, byDefault: number, least: number, most: number): number => {
    const text = fragment.get(name) ?? '';
    const value = /^\d{1,6}$/.test(text) ? Number(text) : byDefault;
    return value >= least && value <= most ? value : byDefault;
  };
  const policy = (fragment.get('rp') ?? 'ct').split(',');
  return {
    readMs: number('rt', LIMIT_MS, SHORTEST_MS, LIMIT_MS),
    totalMs: number('tt', LIMIT_MS, SHORTEST_MS, LIMIT_MS),
    retries: number('rc', 1, 0, MAX_RETRIES),
    retryOn: new Set(TROUBLES.filter((trouble) => policy.includes(trouble) || policy.includes('all'))),
  };
}
