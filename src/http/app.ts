/** The routes, and what every request passes. */
import { STATUS_CODES } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import { type Clock, Failure } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { StreamTokens, TwilioAccount } from '../telephony/index.ts';
import { recordingTold, transferEnded, voicemailEnded } from './after-goodbye.ts';
import type { Calls } from './calls.ts';
import { callsApi } from './calls-api.ts';
import type { CallsDoor } from './calls-door.ts';
import { createConnect, type Notice, STREAM_ENDED_PATH } from './connect.ts';
import { answerFailures } from './failures.ts';
import { createGoodbyes, type Goodbye, RECORDING_PATH, TRANSFER_ENDED_PATH, VOICEMAIL_ENDED_PATH } from './goodbyes.ts';
import { health, metricsText, readiness } from './health.ts';
import { MACHINE_PATH, machineTold } from './machine.ts';
import { PUT_THROUGH_ANSWERED_PATH, PUT_THROUGH_ENDED_PATH } from './next-twiml.ts';
import type { Answers } from './once.ts';
import type { OutboundDoor } from './outbound-door.ts';
import { type QueuesPage, queuesPage } from './queues-page.ts';
import { logRequests } from './request-log.ts';
import type { Siblings } from './siblings.ts';
import { type Recordings, SOUND_ROUTE, sound } from './sounds.ts';
import { callStatus, STATUS_PATH } from './status.ts';
import { putThroughAnswered, putThroughEnded, streamEnded } from './stream-ended.ts';
import { VOICE_PATH, voiceWebhook } from './voice-webhook.ts';
import {
  WARM_JOINED_PATH,
  WARM_KEY_PATH,
  WARM_STATUS_PATH,
  WARM_VOICE_PATH,
  WARM_WAIT_PATH,
  type WarmDoor,
  warmJoined,
  warmKey,
  warmStatus,
  warmVoice,
  warmWait,
} from './warm.ts';

/** Twilio's forms have one to two kB, a SIP caller's headers may add as much again. */
const MAX_FORM = '32kb';

export interface AppDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures' | 'callsRefused' | 'text' | 'contentType'>;
  readonly account: TwilioAccount;
  readonly calls: Calls;
  readonly tokens: StreamTokens;
  /** What `<Play>` fetches; the service's own among them. */
  readonly recordings: Recordings;
  /** The goodbye of an agent by its name, and of any other name the default agent's. */
  readonly goodbyeOf: (agent: string | undefined) => Goodbye | undefined;
  /** What an agent's callers hear before it does, by its name. */
  readonly noticeOf: (agent: string) => Notice | undefined;
  /** Where there are several processes behind one port. */
  readonly siblings?: Siblings | undefined;
  readonly outbound: OutboundDoor;
  /** Callers who wait for somebody to take their call. */
  readonly warm: WarmDoor;
  readonly api: CallsApiSettings;
  /** Shows the queue to whoever has the key of `api`; undefined: there is none to be shown. */
  readonly queues?: QueuesPage | undefined;
}

/** Of calls that are placed and looked at over HTTP. */
export interface CallsApiSettings {
  /** undefined: nobody may. */
  readonly key: string | undefined;
  readonly door: CallsDoor;
  /** What was answered under which `Idempotency-Key`. */
  readonly answers: Answers;
}

export function createApp(deps: AppDeps): Koa {
  const router = new Router();
  const doors = { ...deps, connect: createConnect(deps), goodbyes: createGoodbyes(deps.account, deps.goodbyeOf) };
  router.post(VOICE_PATH, voiceWebhook(doors));
  router.post(STREAM_ENDED_PATH, streamEnded(doors));
  router.post(PUT_THROUGH_ANSWERED_PATH, putThroughAnswered(doors));
  router.post(PUT_THROUGH_ENDED_PATH, putThroughEnded(doors));
  router.post(TRANSFER_ENDED_PATH, transferEnded(doors));
  router.post(VOICEMAIL_ENDED_PATH, voicemailEnded(doors));
  router.post(RECORDING_PATH, recordingTold(doors));
  router.post(STATUS_PATH, callStatus(deps));
  router.post(MACHINE_PATH, machineTold(deps));
  router.post(WARM_VOICE_PATH, warmVoice(deps));
  router.post(WARM_KEY_PATH, warmKey(deps));
  router.post(WARM_STATUS_PATH, warmStatus(deps));
  router.post(WARM_JOINED_PATH, warmJoined(deps));
  router.post(WARM_WAIT_PATH, warmWait(deps));
  router.get('/healthz', health());
  router.get('/readyz', readiness(deps.calls));
  router.get('/metrics', metricsText(deps));
  router.get(SOUND_ROUTE, sound(deps));

  const app = new Koa();
  // What fails after the answer has begun, such as a client that goes away; Koa would print it.
  app.on('error', (error) => deps.logger.debug({ err: error }, 'answer broken off'));
  app.use(logRequests(deps));
  app.use(answerFailures(deps));
  const { key: apiKey, door, answers } = deps.api;
  app.use(queuesPage(apiKey, deps.queues));
  app.use(callsApi({ ...deps, apiKey, door, answers }).routes());
  app.use(formText());
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

/** Forms are kept as text: the signature covers their fields as they came, without any reading of brackets in names. */
function formText(): Koa.Middleware {
  return bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/x-www-form-urlencoded'] },
    textLimit: MAX_FORM,
    onError: (cause) => {
      // The library's message quotes the sender's headers; its status says as much.
      const status = 'status' in cause ? Number(cause.status) : 400;
      throw new Failure('WEBHOOK_BAD_REQUEST', `the body cannot be read: ${STATUS_CODES[status] ?? 'no such form'}`);
    },
  });
}
