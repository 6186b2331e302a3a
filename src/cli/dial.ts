/** `callbridge dial`: has a running service call somebody, and tells how it goes, for people at a terminal. */
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { type Env, processEnv } from '../config/index.ts';
import { asFailure, type Clock, Failure, type Ids, systemClock, systemIds, withDeadline } from '../lib/index.ts';
import { orFail } from './fail.ts';

interface Options {
  readonly url: string;
  readonly agent?: string;
  readonly from?: string;
  readonly greeting?: string;
  readonly voice?: string;
  readonly language?: string;
  readonly var: Readonly<Record<string, string>>;
}

export interface DialTools {
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly env: Env;
  readonly out: (line: string) => void;
  /** The call is hung up when this aborts. */
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 1_000;
/** Twilio's own answer to an order may take ten. */
const REQUEST_DEADLINE_MS = 15_000;
/** How long the service may tell nothing of the call: one that restarts is back by then, or another one in its place. */
const MAX_UNTOLD_MS = 30_000;
/**
 * A record is written within a second or two of the call's end. One that waits for a side effect may come later, and one of a worker
 * elsewhere never: then nothing is shown of what was heard.
 */
const RECORD_WITHIN_MS = 5_000;

const view = z.object({
  id: z.string(),
  state: z.enum(['queued', 'ringing', 'inProgress', 'ended']),
  end: z.string().optional(),
  record: z
    .object({ lines: z.array(z.object({ speaker: z.string(), heardText: z.string() })) })
    .loose()
    .optional(),
});
type View = z.output<typeof view>;

const STATES: Readonly<Record<View['state'], string>> = {
  queued: 'Twilio has the order',
  ringing: 'it rings',
  inProgress: 'answered',
  ended: 'over',
};

const ENDS: Readonly<Record<string, string>> = {
  busy: 'busy',
  noAnswer: 'nobody answered',
  failed: 'the number cannot be reached',
  canceled: 'taken back before it was answered',
};

export function dialCommand(): Command {
  return new Command('dial')
    .description('has a running service call a number, and tells how the call goes; Ctrl-C hangs up')
    .argument('<number>', 'whom to call, as +15550177')
    .option('--agent <name>', 'who speaks; default: the default agent, or the only one')
    .option('--from <number>', "the number that calls; default: the service's TWILIO_FROM, or the agent's first")
    .option('--var <name=value>', 'a variable for {{vars.name}}; may come more than once', variable, {})
    .option('--greeting <text>', "what to say first, in place of the agent's own greeting")
    .option('--voice <name>', "in place of the agent's own voice")
    .option('--language <tag>', "in place of the agent's own language, as de-DE")
    .option('--url <url>', 'where the service listens', origin, 'http://localhost:8080')
    .addHelpText(
      'after',
      '\nThe key is that of CALLBRIDGE_API_KEY. Exit codes: 0 somebody answered, 1 nobody did, 2 it was not placed, as far as is known,\n3 the service tells nothing more of it, and it may go on.',
    )
    .action((number: string, options: Options) =>
      orFail(async () => {
        const abort = new AbortController();
        const hangUp = (): void => abort.abort();
        process.once('SIGINT', hangUp);
        const tools = { clock: systemClock, ids: systemIds, env: processEnv(), out: console.log, signal: abort.signal };
        process.exitCode = await dial(number, options, tools).finally(() => process.off('SIGINT', hangUp));
      }),
    );
}

/** Resolves with the exit code. Rejects with Failure when the call was not placed, as far as is known. */
export async function dial(number: string, options: Options, tools: DialTools): Promise<number> {
  const { clock, ids, out, signal } = tools;
  const { agent, from, greeting, voice, language, var: variables } = options;
  const placed = await ask('POST', '/calls', options, tools, {
    body: JSON.stringify({ agent, to: number, from, variables, greeting, voice, language }),
    headers: { 'content-type': 'application/json', 'idempotency-key': ids.uuid() },
  });
  let call = viewIn(placed);
  const beganMs = clock.nowMs();
  const tell = (what: string): void => out(`${((clock.nowMs() - beganMs) / 1_000).toFixed(0).padStart(4)} s  ${what}`);
  tell(`${STATES[call.state]}: ${call.id}`);
  let hungUp = false;
  let answered = false;
  let endedMs: number | undefined;
  let untoldSinceMs: number | undefined;
  while (call.state !== 'ended' || (call.record === undefined && clock.nowMs() - (endedMs ?? 0) < RECORD_WITHIN_MS)) {
    await pause(clock, signal);
    const path = `/calls/${call.id}`;
    const before = call.state;
    try {
      if (signal.aborted && !hungUp) {
        await ask('DELETE', path, options, tools);
        hungUp = true;
        tell('hanging up');
      }
      call = viewIn(await ask('GET', path, options, tools));
      untoldSinceMs = undefined;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (signal.aborted && !hungUp) tell(`not hung up yet: ${error.message}`);
      else if (untoldSinceMs === undefined) tell(`nothing is told of the call: ${error.message}`);
      untoldSinceMs ??= clock.nowMs();
      if (clock.nowMs() - untoldSinceMs < MAX_UNTOLD_MS) continue;
      tell(`given up; the call may go on, and DELETE ${path} ends it`);
      return 3;
    }
    answered ||= call.state === 'inProgress' || (call.state === 'ended' && ENDS[call.end ?? ''] === undefined);
    if (call.state === before) continue;
    if (call.state === 'ended') endedMs = clock.nowMs();
    tell(
      call.state === 'ended'
        ? `over${ENDS[call.end ?? ''] === undefined ? '' : `: ${ENDS[call.end ?? '']}`}`
        : STATES[call.state],
    );
    // Nobody has said anything.
    if (call.state === 'ended' && !answered) return 1;
  }
  for (const { speaker, heardText } of call.record?.lines ?? []) out(`  ${speaker}: ${heardText}`);
  return 0;
}

function viewIn(answer: unknown): View {
  const { success, data } = view.safeParse(answer);
  if (!success) throw new Failure('API_BAD_REQUEST', 'what was answered is no call: another service may listen there');
  return data;
}

/** Shorter when the signal comes meanwhile. */
function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(LOOK_EVERY_MS, done);
    signal.addEventListener('abort', done);
  });
}

interface Asked {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(
  method: string,
  path: string,
  { url }: Options,
  { clock, env }: DialTools,
  { body, headers }: Asked = {},
): Promise<unknown> {
  const key = env['CALLBRIDGE_API_KEY'];
  if (!key) throw new Failure('API_UNAUTHORIZED', 'CALLBRIDGE_API_KEY is not set: it must be that of the service');
  const abort = new AbortController();
  const asking = async (): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, authorization: `Bearer ${key}` },
      body: body ?? null,
      redirect: 'error',
      signal: abort.signal,
    });
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : JSON.parse(text);
    throw new Failure('API_BAD_REQUEST', `${response.status}: ${messageIn(text)}`);
  };
  const late = (): Failure => new Failure('API_BAD_REQUEST', `${url} did not answer within ${REQUEST_DEADLINE_MS} ms`);
  try {
    return await withDeadline(clock, REQUEST_DEADLINE_MS, asking(), late);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('API_BAD_REQUEST', `${url} gave no answer: ${asFailure(error, 'INTERNAL').message}`);
  } finally {
    abort.abort();
  }
}

const refusal = z.object({ error: z.string(), message: z.string().optional() });
/** What a service of ours says in a refusal is shorter. */
const MAX_SHOWN_CHARACTERS = 300;

function messageIn(text: string): string {
  try {
    const { error, message } = refusal.parse(JSON.parse(text));
    return message === undefined ? error : `${message} (${error})`;
  } catch {
    return text.slice(0, MAX_SHOWN_CHARACTERS).replace(/[^\x20-\x7e]/g, '?');
  }
}

function variable(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value = ''] = /^([A-Za-z]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('a name and a value are wanted, as name=Ada');
  return { ...before, [name]: value };
}

/** The address without a slash at its end. */
function origin(value: string): string {
  if (!URL.canParse(value) || !/^https?:/.test(value)) throw new InvalidArgumentError('an http or https URL is wanted');
  return value.replace(/\/+$/, '');
}
