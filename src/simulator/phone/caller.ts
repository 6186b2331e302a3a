/** A phone call to the service from ringing to its last status callback, by the service's front door. */
import { g711, type Pcm } from '../../audio/index.ts';
import type { Clock, Ids } from '../../lib/index.ts';
import { type Called, detect, ringUp } from './callee.ts';
import { type CallEnd, createTimeline, type PhoneEvent, type Warning } from './events.ts';
import { TwilioFault } from './fault.ts';
import { followTwiml } from './follow.ts';
import { createHandset, type Handset } from './handset.ts';
import { type HeardSound, heardSounds, type StreamSpan, streamSpans } from './hindsight.ts';
import type { Extra, Journey, TwimlDocument } from './journey.ts';
import type { Line } from './line.ts';
import { createLineFaults, type LineFault } from './line-faults.ts';
import { type PhoneNetwork, realNetwork } from './network.ts';
import { type ProviderHabitsInput, providerHabits } from './provider-habits.ts';
import type { Recording } from './record.ts';
import { createRooms } from './rooms.ts';
import { runScript } from './run-script.ts';
import type { CallScript } from './script.ts';
import { sid } from './sid.ts';
import { createStatusCallbacks } from './status-callbacks.ts';
import { createSteering } from './steering.ts';
import type { Destination, Switchboard } from './switchboard.ts';
import { readTwiml } from './twiml.ts';
import { createSignedHttp } from './webhook.ts';
import { type CallFacts, type CallStatus, callForm } from './wire.ts';

export interface CallOptions {
  /** Of a call that the service has placed: who is called. `from` is the service's number then. */
  readonly called?: Called | undefined;
  /** Default: a made-up one. */
  readonly callSid?: string | undefined;
  /** Of a call that the service has placed: what it wants to be told. */
  readonly statusEvents?: readonly string[] | undefined;
  /** The service's public address, over which requests are signed; its fragment says how often it is asked. */
  readonly voiceUrl: string;
  /** Asked when an address of the service fails, once a call. */
  readonly fallbackUrl?: string | undefined;
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
  /** What the provider does where its documents leave it open. */
  readonly habits?: ProviderHabitsInput | undefined;
  /** What goes wrong on the caller's side of the stream, and when. */
  readonly faults?: readonly LineFault[] | undefined;
  /** Where the REST API finds the call. */
  readonly switchboard?: Switchboard | undefined;
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
  /** When there was sound in it. */
  readonly sounds: readonly HeardSound[];
  readonly streams: readonly StreamSpan[];
  /** What the caller said into <Record>. */
  readonly recordings: readonly Recording[];
  readonly events: readonly PhoneEvent[];
  readonly warnings: readonly Warning[];
  /** Every document, in the order in which it was followed. */
  readonly twiml: readonly TwimlDocument[];
}

/** Never rejects for what the service does: that is in the result. */
export async function placeCall(options: CallOptions): Promise<CallResult> {
  const { called, clock, ids, authToken } = options;
  const network = options.network ?? realNetwork(clock);
  const habits = providerHabits.parse(options.habits ?? {});
  const facts: CallFacts = {
    accountSid: options.accountSid ?? sid('AC', ids),
    callSid: options.callSid ?? sid('CA', ids),
    from: options.from,
    to: options.to,
    direction: called === undefined ? 'inbound' : 'outbound-api',
  };
  const timeline = createTimeline(options.onEvent ?? (() => undefined));
  const http = createSignedHttp({ network, authToken, clock, ids });
  const steering = createSteering();
  const documents: TwimlDocument[] = [];
  const lines: Line[] = [];
  const recordings: Recording[] = [];
  let handset: Handset | undefined;
  let fallbackUrl = options.fallbackUrl;
  let hungUpUnanswered = false;
  let status: CallStatus = called === undefined ? 'ringing' : 'queued';

  const tell = (happening: Parameters<typeof timeline.tell>[0]): void =>
    timeline.tell(happening, handset?.elapsedMs() ?? 0);
  const callbacks = createStatusCallbacks({
    url: options.statusUrl,
    facts,
    http,
    clock,
    order: habits.statusCallbacks,
    events: options.statusEvents,
    tell,
  });

  const askOnce = async (url: string, extra: Extra): Promise<TwimlDocument> => {
    const twice = habits.voiceTwice && documents.length === 0;
    const { status: answer, body } = await http.post(url, { ...callForm(facts, status), ...extra }, { twice });
    tell({ type: 'requested', url, status: answer });
    if (answer !== 200) throw new TwilioFault(11200, `${url} answered ${answer}`);
    return { url, verbs: readTwiml(Buffer.from(body).toString()) };
  };

  const ask: Journey['ask'] = async (url, extra = {}, ownFallback) => {
    const fallback = ownFallback ?? fallbackUrl;
    const document = await askOnce(url, extra).catch((error: unknown) => {
      if (fallback === undefined || !(error instanceof TwilioFault)) throw error;
      if (ownFallback === undefined) fallbackUrl = undefined;
      return askOnce(fallback, { ErrorCode: String(error.code), ErrorUrl: url });
    });
    documents.push(document);
    return document;
  };
  const post: Journey['post'] = (url, form) =>
    http.post(url, form).then(
      (answer) => tell({ type: 'requested', url, status: answer.status }),
      () => tell({ type: 'requested', url, status: 0 }),
    );

  const result = (end: CallEnd, scriptFailure: string | undefined, heard: Pcm<8000>): CallResult => ({
    callSid: facts.callSid,
    end,
    scriptFailure,
    heard,
    sounds: heardSounds(heard),
    streams: streamSpans(timeline.events),
    recordings,
    events: timeline.events,
    warnings: lines.flatMap((line) => line.warnings),
    twiml: documents,
  });

  const beganMs = clock.nowMs();
  let answeredMs: number | undefined;
  let endedMs: number | undefined;
  const unplug = options.switchboard?.plug({
    facts,
    beganMs,
    get status() {
      return status;
    },
    get answeredMs() {
      return answeredMs;
    },
    get endedMs() {
      return endedMs;
    },
    lead(to: Destination) {
      if (handset === undefined || handset.end !== undefined) return;
      tell({ type: 'ledElsewhere', to: 'url' in to ? to.url : 'another document' });
      steering.lead(to);
    },
    hangUp() {
      hungUpUnanswered = true;
      handset?.finish({ how: 'serviceHungUp' });
    },
  });
  const over = (how: CallStatus): void => {
    status = how;
    endedMs = clock.nowMs();
    unplug?.();
  };

  const unanswered = async (end: CallEnd): Promise<CallResult> => {
    tell({ type: 'ended', end });
    over(end.how === 'rejected' ? 'busy' : end.how === 'notAnswered' ? end.status : 'completed');
    await callbacks.report(status, 0);
    return result(end, undefined, g711('ulaw').decode(new Uint8Array(0)));
  };

  let first: TwimlDocument | undefined;
  if (called === undefined) {
    try {
      first = await ask(options.voiceUrl);
    } catch (error) {
      return unanswered(failed(error));
    }
    const [verb] = first.verbs;
    if (verb?.verb === 'reject') return unanswered({ how: 'rejected', reason: verb.reason });
    if (hungUpUnanswered) return unanswered({ how: 'serviceHungUp' });
  } else {
    const isHungUp = (): boolean => hungUpUnanswered;
    const report = (now: CallStatus): Promise<void> => {
      status = now;
      return callbacks.report(now);
    };
    const unheard = await ringUp({ called, clock, isHungUp, tell: report });
    if (unheard !== undefined) return unanswered({ how: 'notAnswered', status: unheard });
  }

  const phone = createHandset({ clock, timeline });
  handset = phone;
  status = 'in-progress';
  answeredMs = clock.nowMs();
  const hangUp = (): void => phone.finish({ how: 'callerHungUp' });
  options.signal?.addEventListener('abort', hangUp, { once: true });
  if (options.signal?.aborted) hangUp();

  const answeredReport = callbacks.report('in-progress');
  if (called !== undefined) detect(called, { clock, facts, handset: phone, http });
  const caller = runScript(phone, options.script).then(
    () => undefined,
    (error: unknown) => {
      hangUp();
      return error instanceof Error ? error.message : String(error);
    },
  );
  const journey: Journey = {
    facts,
    handset: phone,
    clock,
    ids,
    network,
    http,
    authToken,
    habits,
    faults: createLineFaults(options.faults ?? []),
    steering,
    ask,
    fetch: (url) => askOnce(url, {}),
    post,
    tell: (url, extra) => post(url, { ...callForm(facts, phone.end ? 'completed' : 'in-progress'), ...extra }),
    rooms: options.switchboard?.rooms ?? createRooms(),
    lineStarted: (line) => void lines.push(line),
    recorded: (recording) => void recordings.push(recording),
  };
  try {
    const follow = async (): Promise<CallEnd> => followTwiml(first ?? (await ask(options.voiceUrl)), journey);
    phone.finish(await follow().catch(failed));
  } finally {
    hangUp();
    options.signal?.removeEventListener('abort', hangUp);
  }

  const end = await phone.whenEnded;
  over('completed');
  const scriptFailure = await caller;
  const lengthMs = phone.elapsedMs();
  await answeredReport;
  await callbacks.report('completed', lengthMs);
  return result(end, scriptFailure, g711('ulaw').decode(phone.playback.heard(0, lengthMs)));
}

function failed(error: unknown): CallEnd {
  if (error instanceof TwilioFault) return { how: 'failed', code: error.code, why: error.message };
  throw error;
}
