/** Where the records are delivered: counts what the outside hears of each call. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Receiver {
  readonly url: string;
  deliveries(callId: string): number;
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    // The same for each attempt at one record: call_ended_<call>.
    const id = String(request.headers['webhook-id']).replace(/^call_ended_/, '');
    counts.set(id, (counts.get(id) ?? 0) + 1);
    request.resume();
    request.on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls`,
    deliveries: (callId) => counts.get(callId) ?? 0,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
