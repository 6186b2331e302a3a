/** The bench's Live endpoint, a process of its own: as little as it takes, so that it costs the machine little. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Certificate } from './certificate.ts';
import { type EndpointSeen, EndpointSession, nothingSeen } from './endpoint-session.ts';
import { takeOrders } from './helper.ts';
import { everyTick } from './ticker.ts';

let seen: EndpointSeen = nothingSeen();
let opened = 0;
const sessions = new Set<EndpointSession>();

everyTick((atMs) => {
  for (const session of sessions) session.tick(atMs);
});

takeOrders({
  /** Answers with the base URL. */
  listen: async (certificate: Certificate | undefined): Promise<string> => {
    const server =
      certificate === undefined
        ? createServer()
        : createSecureServer({ key: readFileSync(certificate.keyPath), cert: readFileSync(certificate.certPath) });
    const sockets = new WebSocketServer({ server, perMessageDeflate: false, skipUTF8Validation: true });
    sockets.on('connection', (socket) => {
      const session = new EndpointSession(socket, () => seen, opened++);
      sessions.add(session);
      socket.on('close', () => sessions.delete(session));
      socket.on('error', () => socket.terminate());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  },
  begin: (): void => {
    seen = nothingSeen();
  },
  end: (): EndpointSeen => seen,
});
