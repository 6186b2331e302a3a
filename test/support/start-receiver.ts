/** Whoever is asked about a call while it rings: a real server, whose answers a test gives when it likes. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const START_SECRET = `whsec_${Buffer.from('a secret of the call-start tests!').toString('base64')}`;

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface StartReceiver {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** `answer` gets the response to end; what it is given as a value, it answers as JSON. */
export async function startReceiver(
  answer: object | ((response: ServerResponse, asked: Asked) => unknown),
): Promise<StartReceiver> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    if (typeof answer === 'function') await answer(response, one);
    else response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/start`, asked };
}
