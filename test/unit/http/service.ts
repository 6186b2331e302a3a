/** A real server on a free port, with calls that only take notes; its Twilio signs with Twilio's own package. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import twilio from 'twilio';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { RingingCall } from '../../../src/call/index.ts';
import { createLocalNotes } from '../../../src/cluster/index.ts';
import {
  type Calls,
  type CallsDoor,
  createServer,
  type Goodbye,
  type HttpLimits,
  type Notice,
  type OutboundDoor,
  type QueuesPage,
  type Siblings,
  type WarmDoor,
} from '../../../src/http/index.ts';
import { Failure, systemIds } from '../../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { type CallStream, createUsedNonces } from '../../../src/telephony/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const PUBLIC_URL = 'https://bridge.example';
export const AUTH_TOKEN = 'an auth token';
export const CALL = 'CA0123456789abcdef0123456789abcdef';
export const STREAM = 'MZ0123456789abcdef0123456789abcdef';
/** Any bytes will do. */
export const APOLOGY = Buffer.from('the words of the service');

export type Form = Record<string, string | string[]>;

export const VOICE_FORM: Form = {
  CallSid: CALL,
  AccountSid: 'AC0123456789abcdef0123456789abcdef',
  From: '+14158675310',
  To: '+18005551212',
  CallStatus: 'ringing',
  ApiVersion: '2010-04-01',
  Direction: 'inbound',
  CallerName: '',
};

export type Note =
  | { did: 'ring'; call: RingingCall }
  | { did: 'answer'; call: RingingCall; stream: CallStream }
  | { did: 'afterStream'; call: RingingCall }
  | { did: 'afterTransfer'; call: RingingCall; status: string }
  | { did: 'callerGone'; callId: string; how: string; transferStatus?: string }
  | { did: 'putThrough'; callId: string }
  | { did: 'heard'; what: unknown[] };

export interface NotingCalls extends Calls {
  readonly notes: Note[];
  /** The first note that fits, as soon as it is taken. */
  until(fits: (note: Note) => boolean): Promise<Note>;
}

/** What the calls do is up to the test; what they are told is in `notes`. */
export function notingCalls(overrides: Partial<Calls> = {}): NotingCalls {
  const notes: Note[] = [];
  const waiting = new Set<() => void>();
  const note = (taken: Note): void => {
    notes.push(taken);
    for (const look of waiting) look();
  };
  const heard = (...what: unknown[]): void => note({ did: 'heard', what });
  return {
    notes,
    until: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = notes.find(fits);
          if (found !== undefined) resolve(found);
        };
        waiting.add(look);
        look();
      }),
    agentFor: (to) => (to === '+18005551212' || to.startsWith('sip:desk@') ? 'front-desk' : undefined),
    ring: async (call) => {
      note({ did: 'ring', call });
      return { do: 'connect', call };
    },
    answer: (call, stream) => {
      note({ did: 'answer', call, stream });
      return {
        audio: (payload, timestampMs) => heard('audio', payload.length, timestampMs),
        digit: (digit) => heard('digit', digit),
        markReached: (name) => heard('markReached', name),
        soundLost: (lengthMs) => heard('soundLost', lengthMs),
        ended: (how) => heard('ended', how),
      };
    },
    callerGone: (callId, how, transferStatus) =>
      note({ did: 'callerGone', callId, how, ...(transferStatus !== undefined && { transferStatus }) }),
    putThrough: async (callId) => note({ did: 'putThrough', callId }),
    afterStream: async (call) => {
      note({ did: 'afterStream', call });
      return { do: 'hangUp' };
    },
    afterTransfer: async (call, status) => {
      note({ did: 'afterTransfer', call, status });
      return { do: 'hangUp' };
    },
    hasNeighbours: async () => false,
    ready: true,
    notReadyBecause: [],
    active: 0,
    ...overrides,
  };
}

export interface ServiceOptions {
  readonly calls?: NotingCalls;
  readonly authToken?: string | undefined;
  /** Beside the service's own. */
  readonly recordings?: Readonly<Record<string, Buffer>>;
  readonly limits?: HttpLimits;
  readonly goodbyeOf?: (agent: string | undefined) => Goodbye | undefined;
  readonly noticeOf?: (agent: string) => Notice | undefined;
  readonly siblings?: Siblings;
  readonly outbound?: Partial<OutboundDoor>;
  readonly warm?: Partial<WarmDoor>;
  readonly apiKey?: string;
  readonly door?: Partial<CallsDoor>;
  readonly queues?: QueuesPage;
}

const NO_CALLS: CallsDoor = {
  place: async () => {
    throw new Failure('OUTBOUND_OFF', 'no calls are placed here');
  },
  list: async () => [],
  look: async () => undefined,
  hangUp: async () => false,
};

const NOTHING_PLACED: OutboundDoor = {
  order: async () => undefined,
  find: async () => undefined,
  told: async () => {},
  answeredBy: async () => {},
  withoutStream: async () => {},
};

const NOBODY_WAITS: WarmDoor = {
  briefing: async () => undefined,
  joined: async () => undefined,
  calleeGone: async () => undefined,
  stillWaits: async () => undefined,
  leftConference: async () => true,
};

export async function startService(options: ServiceOptions = {}) {
  const calls = options.calls ?? notingCalls();
  const clock = new ManualClock();
  const metrics = createMetrics();
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const service = createServer({
    clock,
    ids: systemIds,
    logger: createLogger({ level: 'trace', destination }),
    metrics,
    calls,
    twilio: { publicUrl: PUBLIC_URL, authToken: 'authToken' in options ? options.authToken : AUTH_TOKEN },
    usedNonces: createUsedNonces(clock),
    recordings: new Map(Object.entries({ apology: APOLOGY, ...options.recordings })),
    ...(options.limits !== undefined && { limits: options.limits }),
    goodbyeOf: options.goodbyeOf ?? (() => undefined),
    noticeOf: options.noticeOf ?? (() => undefined),
    siblings: options.siblings,
    outbound: { ...NOTHING_PLACED, ...options.outbound },
    warm: { ...NOBODY_WAITS, ...options.warm },
    api: { key: options.apiKey, door: { ...NO_CALLS, ...options.door }, answers: createLocalNotes(clock) },
    queues: options.queues,
  });
  service.server.listen(0, '127.0.0.1');
  await once(service.server, 'listening');
  const { port } = service.server.address() as AddressInfo;
  const sockets = new Set<Socket>();
  service.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  onTestFinished(() => service.close());

  const post = (path: string, form: Form, signature = signed(path, form)): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      body: bodyOf(form),
      headers: signature === '' ? {} : { 'X-Twilio-Signature': signature },
    });

  return {
    clock,
    calls,
    port,
    notes: calls.notes,
    close: service.close,
    take: service.take,
    metrics,
    /** The server's ends of all connections that are open, oldest first. */
    sockets: () => [...sockets],
    log: () => log.join(''),
    failed: async (code: string) =>
      (await metrics.failures.get()).values.reduce((n, v) => (v.labels.code === code ? n + v.value : n), 0),
    get: (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`),
    post,
    /** Opens a media stream; `null` leaves the signature out. */
    dial: (path = '/twilio/media', signature: string | null = signedUpgrade()): WebSocket =>
      new WebSocket(`ws://127.0.0.1:${port}${path}`, {
        headers: signature === null ? {} : { 'x-twilio-signature': signature },
      }),
    /** Announces the call and gives what its stream would bring: the parameters of the TwiML. */
    ringing: async (form: Form = VOICE_FORM): Promise<Record<string, string>> =>
      parametersIn(await (await post('/twilio/voice', form)).text()),
  };
}

export const signed = (path: string, form: Form): string =>
  twilio.getExpectedTwilioSignature(AUTH_TOKEN, PUBLIC_URL + path, form);

export const signedUpgrade = (url = 'wss://bridge.example/twilio/media'): string =>
  twilio.getExpectedTwilioSignature(AUTH_TOKEN, url, {});

function bodyOf(form: Form): URLSearchParams {
  return new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])),
  );
}

export function parametersIn(twiml: string): Record<string, string> {
  const found = twiml.matchAll(/<Parameter name="([^"]*)" value="([^"]*)"\/>/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name!, unescapeXml(value!)]));
}

const unescapeXml = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

export const startMessage = (customParameters: Record<string, string>, callSid = CALL): string =>
  JSON.stringify({
    event: 'start',
    sequenceNumber: '1',
    start: {
      streamSid: STREAM,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters,
    },
    streamSid: STREAM,
  });
