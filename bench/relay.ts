/** A stretch of network between the service and the simulated model, which can be cut, frozen, or answer in the model's place. */
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

export type NetworkFault =
  /** Every connection is reset, as when a router on the way restarts. */
  | { readonly kind: 'cut' }
  /** What is open carries nothing any more in either direction, and nobody is told; new connections work. */
  | { readonly kind: 'freeze' }
  /** The next `times` connections are answered with this status before the model sees them. */
  | { readonly kind: 'refuse'; readonly status: number; readonly times: number }
  /** The next `times` connections are reset. */
  | { readonly kind: 'unreachable'; readonly times: number };

export interface Relay {
  readonly port: number;
  befall(fault: NetworkFault): void;
  /** How many connections it has carried or refused. */
  readonly connections: number;
  close(): void;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  frozen: boolean;
}

export async function startRelay(targetPort: number): Promise<Relay> {
  const pairs = new Set<Pair>();
  let refusal: { status: number; times: number } | undefined;
  let connections = 0;

  const server = createServer((near) => {
    near.on('error', () => undefined);
    connections += 1;
    if (refusal !== undefined && refusal.times > 0) {
      refusal.times -= 1;
      refuse(near, refusal.status);
      return;
    }
    const pair: Pair = { near, far: dial(targetPort, '127.0.0.1'), frozen: false };
    pairs.add(pair);
    join(pair, near, pair.far);
    join(pair, pair.far, near);
    pair.far.on('error', () => near.destroy());
    near.on('close', () => pairs.delete(pair));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    befall(fault) {
      if (fault.kind === 'cut') for (const { near, far } of pairs) for (const end of [near, far]) end.resetAndDestroy();
      else if (fault.kind === 'freeze') for (const pair of pairs) pair.frozen = true;
      else if (fault.kind === 'refuse') refusal = { status: fault.status, times: fault.times };
      else refusal = { status: 0, times: fault.times };
    },
    close() {
      server.close();
      for (const { near, far } of pairs) for (const end of [near, far]) end.destroy();
    },
  };
}

/** What a frozen pair is sent is read and forgotten, so that neither side notices by a full buffer. */
function join(pair: Pair, from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (bytes) => {
    if (!pair.frozen) to.write(bytes);
  });
  from.on('end', () => {
    if (!pair.frozen) to.end();
  });
  from.on('close', () => {
    if (!pair.frozen) to.destroy();
  });
}

function refuse(socket: Socket, status: number): void {
  if (status === 0) {
    socket.resetAndDestroy();
    return;
  }
  // Answered once the request is there, or the client would not read it.
  socket.once('data', () => {
    socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
}
