/** Where the records are delivered: counts what the outside hears of each call. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Deliveries } from './soak/reckoning.ts';

export interface Receiver {
  readonly url: string;
  deliveries(callId: string): number;
  readonly reckon: Deliveries;
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  /** By call, the digests of what came. */
  const came = new Map<string, string[]>();
  const server = createServer((request, response) => {
    // The same for each attempt at one record: call_ended_<call>.
    const id = String(request.headers['webhook-id']).replace(/^call_ended_/, '');
    const hash = createHash('sha256');
    request.on('data', (bytes: Buffer) => hash.update(bytes));
    request.on('end', () => {
      came.set(id, [...(came.get(id) ?? []), hash.digest('hex')]);
      response.writeHead(204).end();
    });
  });
  const of = (callId: string): { count: number; different: number } => {
    const digests = came.get(callId) ?? [];
    return { count: digests.length, different: new Set(digests).size };
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls`,
    deliveries: (callId) => of(callId).count,
    reckon: { of },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
