/** Finds out that a peer is gone when nothing says so: a phone network that drops a connection sends no FIN. */
import type { Clock } from '../lib/index.ts';

/** Keeps idle timeouts of load balancers away, the shortest of which is 60 s. */
const PING_EVERY_MS = 20_000;
/** Two pings unanswered and no message either: a peer is found dead 40 to 60 s after its last sign of life. */
const SILENT_PEER_MS = 40_000;

export interface Heartbeat {
  /** Something came from the peer. */
  sign(): void;
  stop(): void;
}

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly ping: () => void;
  readonly dead: (silentMs: number) => void;
}

export function startHeartbeat({ clock, ping, dead }: HeartbeatOptions): Heartbeat {
  let lastSignMs = clock.nowMs();
  const stop = clock.every(PING_EVERY_MS, () => {
    const silentMs = clock.nowMs() - lastSignMs;
    if (silentMs < SILENT_PEER_MS) ping();
    else dead(silentMs);
  });
  return {
    sign: () => {
      lastSignMs = clock.nowMs();
    },
    stop,
  };
}
