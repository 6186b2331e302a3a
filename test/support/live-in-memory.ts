/** The way from the service to the simulated Live without a network. */
import { judgeRefusal } from '../../src/live/closes.ts';
import { type Dial, mindSocket } from '../../src/live/index.ts';
import type { LiveSimulator } from '../../src/simulator/index.ts';
import { MemorySocket } from './memory-socket.ts';

/** One way of the network, in ms. */
const DELAY_MS = 20;

export function dialInMemory(live: LiveSimulator): Dial {
  return ({ url, headers, clock }, handlers) =>
    clock.after(DELAY_MS, () => {
      const [near, far] = MemorySocket.pair(clock, DELAY_MS);
      far.binary = true;
      const { pathname, search } = new URL(url);
      const status = live.connectInMemory(far, { url: pathname + search, headers });
      if (status === undefined) handlers.opened(mindSocket(near, clock, handlers));
      else handlers.failed(judgeRefusal(status));
    });
}
