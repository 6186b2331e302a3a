/** A phone call to the service from ringing to its last status callback, by the service's front door. */
import { g711, type Pcm } from '../../audio/index.ts';
import type { Clock, Ids } from '../../lib/index.ts';
import { type CallEnd, createTimeline, type PhoneEvent, type Warning } from './events.ts';
import { TwilioFault } from './fault.ts';
import { followTwiml, type TwimlDocument } from './follow.ts';
import { createHandset, type Handset } from './handset.ts';
import type { Line } from './line.ts';
import { type PhoneNetwork, realNetwork } from './network.ts';
import { runScript } from './run-script.ts';
import type { CallScript } from './script.ts';
import { sid } from './sid.ts';
import { readTwiml } from './twiml.ts';
import { createSignedHttp } from './webhook.ts';
import { type CallFacts, type CallStatus, callForm, statusForm } from './wire.ts';

export interface CallOptions {
  /** The service's public address, over which requests are signed. */
  readonly voiceUrl: string;
  /** Where call progress is reported; nowhere when absent. */
  readonly statusUrl?: string | undefined;
  readonly authToken: string;
  readonly accountSid?: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly script: CallScript;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly network?: PhoneNetwork | undefined;
  /** The caller hangs up when this aborts. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: PhoneEvent) => void) | undefined;
}

export interface CallResult {
  readonly callSid: string;
  readonly end: CallEnd;
  /** Why the script could not be followed to its end; undefined when it was. */
  readonly scriptFailure: string | undefined;
  /** From answering to hanging up, with silence where nothing was played. */
  readonly heard: Pcm<8000>;
  readonly events: readonly PhoneEvent[];
  readonly warnings: readonly Warning[];
  /** Every document, in the order in which it was followed. */
  readonly twiml: readonly TwimlDocument[];
}

/** Never rejects for what the service does: that is in the result. */
export async function placeCall(options: CallOptions): Promise<CallResult> {
  const { clock, ids, authToken } = options;
  const network = options.network ?? realNetwork(clock);
  const facts: CallFacts = {
    accountSid: options.accountSid ?? sid('AC', ids),
    callSid: sid('CA', ids),
    from: options.from,
    to: options.to,
  };
  const timeline = createTimeline(options.onEvent ?? (() => undefined));
  const http = createSignedHttp({ network, authToken, ids });
  const documents: TwimlDocument[] = [];
  const lines: Line[] = [];
  let handset: Handset | undefined;
  let callbacks = 0;

  const ask = async (url: string): Promise<TwimlDocument> => {
    const { status, body } = await http.post(url, callForm(facts, handset ? 'in-progress' : 'ringing'));
    timeline.tell({ type: 'requested', url, status }, handset?.elapsedMs() ?? 0);
    if (status !== 200) throw new TwilioFault(11200, `${url} answered ${status}`);
    const document = { url, verbs: readTwiml(Buffer.from(body).toString()) };
    documents.push(document);
    return document;
  };

  /** Informational for both sides: a callback that fails changes nothing. */
  const report = async (status: CallStatus, durationMs?: number): Promise<void> => {
    if (options.statusUrl === undefined) return;
    const form = statusForm(facts, status, { sequence: callbacks++, timeMs: clock.nowMs(), durationMs });
    const answered = await http.post(options.statusUrl, form).then(
      (response) => response.status,
      () => 0,
    );
    timeline.tell({ type: 'requested', url: options.statusUrl, status: answered }, handset?.elapsedMs() ?? 0);
  };

  const unanswered = async (end: CallEnd): Promise<CallResult> => {
    timeline.tell({ type: 'ended', end }, 0);
    await report(end.how === 'rejected' ? 'busy' : 'completed', 0);
    return result(end, undefined, g711('ulaw').decode(new Uint8Array(0)));
  };
  const result = (end: CallEnd, scriptFailure: string | undefined, heard: Pcm<8000>): CallResult => ({
    callSid: facts.callSid,
    end,
    scriptFailure,
    heard,
    events: timeline.events,
    warnings: lines.flatMap((line) => line.warnings),
    twiml: documents,
  });

  let first: TwimlDocument;
  try {
    first = await ask(options.voiceUrl);
  } catch (error) {
    return unanswered(failed(error));
  }
  const [verb] = first.verbs;
  if (verb?.verb === 'reject') return unanswered({ how: 'rejected', reason: verb.reason });

  const phone = createHandset({ clock, timeline });
  handset = phone;
  const hangUp = (): void => phone.finish({ how: 'callerHungUp' });
  options.signal?.addEventListener('abort', hangUp, { once: true });
  if (options.signal?.aborted) hangUp();

  const answeredReport = report('in-progress');
  const caller = runScript(phone, options.script).then(
    () => undefined,
    (error: unknown) => {
      hangUp();
      return error instanceof Error ? error.message : String(error);
    },
  );
  const lineStarted = (line: Line): void => void lines.push(line);
  const journey = { ...facts, handset: phone, clock, ids, network, http, authToken, ask, lineStarted };
  try {
    phone.finish(await followTwiml(first, journey).catch(failed));
  } finally {
    hangUp();
    options.signal?.removeEventListener('abort', hangUp);
  }

  const end = await phone.whenEnded;
  const scriptFailure = await caller;
  const lengthMs = phone.elapsedMs();
  await answeredReport;
  await report('completed', lengthMs);
  return result(end, scriptFailure, g711('ulaw').decode(phone.playback.heard(0, lengthMs)));
}

function failed(error: unknown): CallEnd {
  if (error instanceof TwilioFault) return { how: 'failed', code: error.code, why: error.message };
  throw error;
}
