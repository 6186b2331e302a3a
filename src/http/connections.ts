/**
 * How many connections a process has at once, those of streams that came by way of a sibling among them.
 *
 * Counted here and not by `server.maxConnections`: what that refuses in one of several processes goes on to the next one, and
 * round and round when all are full.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimit {
  /** Whether there is room. If not, it is closed unheard. */
  admit(socket: Socket): boolean;
}

export function limitConnections(server: Server, max: number, refused: () => void): ConnectionLimit {
  let open = 0;
  const admit = (socket: Socket): boolean => {
    if (open >= max) {
      refused();
      socket.destroy();
      return false;
    }
    open++;
    socket.once('close', () => {
      open--;
    });
    return true;
  };
  // Before Node's own listener begins to read requests.
  server.prependListener('connection', admit);
  return { admit };
}
