/** The whole service in one process, put together: what `serve` runs, `demo` calls, and the tests ring up. */
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CallRegistry, CallStarts, LeftCalls, type LeftCallsOptions, RequestedEnds } from '../call/index.ts';
import { openCluster } from '../cluster/index.ts';
import { type Agent, agentFor, type Config, isVoice, languageNamed } from '../config/index.ts';
import { createServer, type HttpServer, type Siblings, STREAM_ENDED_PATH } from '../http/index.ts';
import { Failure, type LoopDelay, measureLoopDelay } from '../lib/index.ts';
import type { Dial } from '../live/index.ts';
import { gaugeQueue } from '../postprocess/index.ts';
import { askedAgain, type CallControl, createTwilioCallControl, createUsedNonces } from '../telephony/index.ts';
import {
  beginTranscript,
  createOutbox,
  type Entry,
  endTranscript,
  openOwners,
  PRIVATE_FOLDER,
} from '../transcript/index.ts';
import { openAdmission } from './admission.ts';
import { createCallsDoor, openOutbound } from './calls-door.ts';
import { createLiveSessions } from './live-sessions.ts';
import { loadOwnSounds } from './own-sounds.ts';
import { openAnnouncer, openPostprocessing, type Tools } from './postprocessing.ts';
import { openQueueDashboard } from './queue-dashboard.ts';
import { openToolboxes } from './toolboxes.ts';
import { openWarmTransfers } from './warm-transfers.ts';

/** Records reach the queue in milliseconds; what does not within this waits on disk for the next start. */
const OUTBOX_GRACE_MS = 5_000;
/** Receivers that are there answer within it. */
const ANNOUNCER_GRACE_MS = 5_000;
const WORKER_GRACE_MS = 10_000;

export interface Service {
  readonly registry: CallRegistry;
  /** Listening. */
  readonly server: Server;
  readonly port: number;
  /** A stream that reached another process, and is this one's. */
  readonly take: HttpServer['take'];
  /** Lets the calls end within `graceMs`, then closes everything. Whether all of them ended by themselves. Idempotent. */
  stop(graceMs: number): Promise<boolean>;
}

/** Told of each entry of each call's transcript, once it is on disk. */
export type Watch = (callId: string, entry: Entry) => void;

export interface ServiceOptions {
  readonly watch?: Watch;
  /** How the Live service is reached, when not over the network. */
  readonly dial?: Dial;
  /** How late the event loop is, when time is not real. */
  readonly loopDelay?: LoopDelay;
  /** The other processes behind the same port. */
  readonly siblings?: Siblings | undefined;
  /** Resolves when the primary, over which they listen, is gone. */
  readonly alone?: Promise<void>;
}

/** Listens when this resolves. Rejects when a folder cannot be written, the port is taken, or the primary is gone before. */
export async function startService(config: Config, tools: Tools, options: ServiceOptions = {}): Promise<Service> {
  const { clock, ids, logger, metrics } = tools;
  const { watch, dial, loopDelay = measureLoopDelay(), siblings, alone } = options;
  const ownSounds = loadOwnSounds(config.agents, logger);
  const toolboxes = await openToolboxes(config.agents, { clock });
  for (const folder of [config.dirs.journals, config.dirs.records, config.dirs.spool]) {
    mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
  }
  const owners = openOwners({ folder: join(config.dirs.data, 'processes'), clock, ids });
  const { queue, worker } = await openPostprocessing(config, owners, tools);
  const announcer = openAnnouncer(config, tools);
  const dashboard = await openQueueDashboard(config, tools);
  const outbox = createOutbox({
    folder: config.dirs.journals,
    owners,
    publish: (record) => queue.add(record),
    clock,
    ids,
    logger,
    metrics,
  });
  /** What the neighbours tell before there is a registry. */
  const early: (() => void)[] = [];
  let whenReady = (run: () => void): void => void early.push(run);
  const ownNonces = createUsedNonces(clock);
  const cluster = await openCluster({
    redisUrl: config.queue.redisUrl,
    processId: owners.id,
    outbox,
    clock,
    logger,
    metrics,
    ownNonces,
    lostAnswer: JSON.stringify({ do: 'fallback' }),
    handlers: {
      taken: (callId) => whenReady(() => registry.taken(callId)),
      orphaned: (callId, facts) => whenReady(() => registry.orphaned(callId, facts)),
    },
  });
  const { store, slots } = cluster;
  const { admission, close: closeAdmission } = openAdmission(config, tools, slots, loopDelay);
  const control = openControl(config.twilio, tools);
  const sessions = createLiveSessions({ config, tools, slots, toolboxes: toolboxes.tools, dial });
  const mirror = (callId: string, entry: Entry): void => store.append(callId, entry);
  const settleEnded: LeftCallsOptions['endTranscript'] = (call, earlier, outcome) =>
    endTranscript({ call, clock, outbox, watch, mirror, earlier, outcome });
  const requestedEnds = new RequestedEnds({ notes: cluster.notes, control });
  const left = new LeftCalls({ store, notes: cluster.notes, metrics, requestedEnds, endTranscript: settleEnded });
  const warm = openWarmTransfers({ config, tools, cluster, control, left });
  const outbound = openOutbound(config, tools, cluster, requestedEnds, settleEnded);
  const agentNamed = (name: string) => sessions.agentOf(config.agents.find((agent) => agent.name === name));
  const registry: CallRegistry = new CallRegistry({
    clock,
    logger,
    metrics,
    admission,
    callStarts: new CallStarts({
      clock,
      logger,
      metrics,
      notes: cluster.notes,
      agentNamed,
      isVoice: (name) => isVoice(config, name),
      languageNamed: (tag) => languageNamed(config, tag),
    }),
    agentFor: (to) => sessions.agentOf(agentFor(config, to)),
    agentNamed,
    openLive: sessions.open,
    apologyOf: ownSounds.apologyOf,
    oneMomentOf: ownSounds.oneMomentOf,
    whoAnswered: (callId) => outbound.whoAnswered(callId),
    warm,
    left,
    requestedEnds,
    beginTranscript: (call, earlier) =>
      beginTranscript({
        call,
        clock,
        outbox,
        watch: (callId, entry) => {
          watch?.(callId, entry);
          // Not again in a process that takes the call up: its transcript has the moment.
          if (entry.type === 'answered') announcer.answered(call, entry.at);
          void outbound.written(call, entry);
        },
        earlier,
        mirror,
      }),
    store,
    notes: cluster.notes,
    control,
    streamEndedUrl: askedAgain(config.http.publicUrl + STREAM_ENDED_PATH),
  });
  whenReady = (run) => run();
  for (const run of early) run();
  const http = createServer({
    clock,
    ids,
    logger,
    metrics,
    calls: registry,
    twilio: { publicUrl: config.http.publicUrl, authToken: config.twilio.authToken },
    recordings: ownSounds.recordings,
    usedNonces: cluster.nonces,
    goodbyeOf: (name) => agentOr(config, name)?.fallback,
    noticeOf: (name) => config.agents.find((agent) => agent.name === name)?.notice,
    siblings,
    outbound,
    warm,
    api: {
      key: config.api.key,
      door: createCallsDoor({ config, clock, cluster, registry, outbound, requestedEnds }),
      answers: cluster.notes,
    },
    queues: dashboard?.page,
  });

  const stopGauge = gaugeQueue({ queue, clock, logger, metrics });
  let stopping: Promise<boolean> | undefined;
  const close = async (graceMs: number): Promise<boolean> => {
    logger.info({ calls: registry.active, graceMs }, 'draining');
    const byThemselves = await registry.drain(graceMs);
    registry.close();
    outbound.close();
    await http.close();
    const [queued] = await Promise.all([
      outbox.idle(OUTBOX_GRACE_MS),
      announcer.close(ANNOUNCER_GRACE_MS),
      toolboxes.close(),
    ]);
    if (!queued) logger.warn('records wait on disk for the next start');
    await worker?.close(WORKER_GRACE_MS);
    closeAdmission();
    stopGauge();
    outbox.close();
    await cluster.close();
    await Promise.all([queue.close(), dashboard?.close()]);
    owners.close();
    return byThemselves && queued;
  };
  const stop = (graceMs: number): Promise<boolean> => {
    stopping ??= close(graceMs);
    return stopping;
  };

  try {
    await outbox.recover(store.whereabouts);
    await worker?.start();
    const port = await listen(http.server, config.http, alone);
    logger.info({ port, publicUrl: config.http.publicUrl, agents: config.agents.map(({ name }) => name) }, 'serving');
    return { registry, server: http.server, port, take: http.take, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/** Nobody can be asked for anything without an account, nor in a trial without its token. */
function openControl(
  { accountSid, authToken, apiBaseUrl }: Config['twilio'],
  { clock, ids }: Tools,
): CallControl | undefined {
  if (accountSid === undefined || authToken === undefined) return undefined;
  return createTwilioCallControl({ accountSid, authToken, baseUrl: apiBaseUrl, clock, ids });
}

/** The agent of that name, or else the default one. */
function agentOr({ agents }: Config, name: string | undefined): Agent | undefined {
  return agents.find((agent) => agent.name === name) ?? agents.find(({ isDefault }) => isDefault);
}

/** A worker asks its primary for the port. One that is gone gives no answer, and no error. */
function listen(server: Server, { host, port }: Config['http'], alone?: Promise<void>): Promise<number> {
  return new Promise((resolve, reject) => {
    void alone?.then(() => reject(new Failure('INTERNAL', 'The primary is gone, and with it the port.')));
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
