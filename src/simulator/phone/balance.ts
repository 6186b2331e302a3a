/** Several replicas of the service behind one address: what a load balancer does with the phone's requests and streams. */
import { type Clock, type WebSocketLike, withDeadline } from '../../lib/index.ts';
import { TwilioFault } from './fault.ts';
import { type PhoneNetwork, type PhoneRequest, realNetwork } from './network.ts';

/** As load balancers are told to probe: a process that dies is noticed by its refused connections before that. */
const PROBE_EVERY_MS = 500;
/** A process that hangs answers its probe no more. */
const PROBE_LIMIT_MS = 1_000;
const READY_PATH = '/readyz';
const BAD_GATEWAY = 502;
const UNAVAILABLE = 503;

export interface Balance {
  /** The service's one address. */
  readonly publicOrigin: string;
  /** Where each replica listens. */
  readonly origins: readonly string[];
}

export function balancedNetwork(clock: Clock, { publicOrigin, origins }: Balance): PhoneNetwork {
  return balance(
    clock,
    publicOrigin,
    origins.map((origin) => realNetwork(clock, { publicOrigin, origin })),
  );
}

/**
 * In turn, over those that say that they are ready. Whoever does not take the connection is passed over; a replica that
 * breaks off in mid-request is 502, and with none ready all is 503.
 */
export function balance(clock: Clock, publicOrigin: string, replicas: readonly PhoneNetwork[]): PhoneNetwork {
  const probes = new Map<PhoneNetwork, { readonly untilMs: number; readonly ready: boolean | Promise<boolean> }>();
  let turn = 0;

  const note = (replica: PhoneNetwork, ready: boolean | Promise<boolean>): boolean | Promise<boolean> => {
    probes.set(replica, { untilMs: clock.nowMs() + PROBE_EVERY_MS, ready });
    return ready;
  };
  const isReady = (replica: PhoneNetwork): boolean | Promise<boolean> => {
    const known = probes.get(replica);
    return known !== undefined && known.untilMs > clock.nowMs() ? known.ready : note(replica, probe(replica));
  };
  const probe = (replica: PhoneNetwork): Promise<boolean> => {
    const asked = replica.request({ method: 'GET', url: publicOrigin + READY_PATH, headers: {} });
    return withDeadline(clock, PROBE_LIMIT_MS, asked, () => new Error('no answer')).then(
      ({ status }) => status === 200,
      () => false,
    );
  };
  /** Those that are ready, the one whose turn it is first. */
  const candidates = async (): Promise<readonly PhoneNetwork[]> => {
    const first = turn++ % replicas.length;
    const order = [...replicas.slice(first), ...replicas.slice(0, first)];
    const ready = await Promise.all(order.map(isReady));
    return order.filter((_replica, index) => ready[index]);
  };
  /** The first that takes the connection; undefined when none does. */
  const first = async <T>(use: (replica: PhoneNetwork) => Promise<T>): Promise<T | undefined> => {
    for (const replica of await candidates()) {
      try {
        return await use(replica);
      } catch (error) {
        if (!wasRefused(error)) throw error;
        note(replica, false);
      }
    }
    return undefined;
  };

  return {
    async request(request: PhoneRequest) {
      try {
        return (await first((replica) => replica.request(request))) ?? empty(UNAVAILABLE);
      } catch (error) {
        if (error instanceof TwilioFault && error.code === 11205) return empty(BAD_GATEWAY);
        throw error;
      }
    },
    async connect<T>(
      url: string,
      headers: Readonly<Record<string, string>>,
      opened: (webSocket: WebSocketLike) => T,
    ): Promise<T> {
      const found = await first(async (replica) => ({ it: await replica.connect(url, headers, opened) }));
      if (found === undefined) throw new TwilioFault(31920, `${url} answered ${UNAVAILABLE}`);
      return found.it;
    },
  };
}

const empty = (status: number) => ({ status, body: new Uint8Array(0) });

/** No connection came about, so that another replica may be asked without anything being done twice. */
function wasRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'ECONNREFUSED') || wasRefused(error.cause);
}
