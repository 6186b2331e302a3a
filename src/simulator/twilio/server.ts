/** The simulated REST API as a program of its own: what a service is pointed at by TWILIO_API_BASE_URL. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../lib/index.ts';
import { createTwilioApi, type RestRequest, type TwilioApiOptions } from './api.ts';
import { type RefusalCode, type RestAnswer, refusal } from './refusal.ts';

/** What befalls one request before the API sees it. */
export type RestTrouble =
  | { readonly refuse: RefusalCode }
  /** The connection is cut without an answer. */
  | { readonly cut: true }
  /** The request is carried out, and its answer is lost. */
  | { readonly loseAnswer: true }
  | { readonly delayMs: number };

export interface ServedRequest extends Pick<RestRequest, 'method' | 'path' | 'form'> {
  /** 0 when there was no answer. */
  readonly status: number;
}

export interface TwilioSimulatorOptions extends TwilioApiOptions {
  readonly clock: Clock;
  /** 0, the default, lets the system choose. */
  readonly port?: number | undefined;
  /** This machine only, by default. */
  readonly host?: string | undefined;
}

export interface TwilioSimulator {
  readonly url: string;
  /** Every request, oldest first; those beyond the first ten thousand are not kept. */
  readonly requests: readonly ServedRequest[];
  /** The next requests meet these, one each. */
  trouble(...troubles: readonly RestTrouble[]): void;
  close(): Promise<void>;
}

const MAX_KEPT_REQUESTS = 10_000;
/** Far more than any form of this API. */
const MAX_FORM_BYTES = 64 * 1024;

export async function startTwilioSimulator(options: TwilioSimulatorOptions): Promise<TwilioSimulator> {
  const { clock, port = 0, host = '127.0.0.1' } = options;
  const api = createTwilioApi(options);
  const requests: ServedRequest[] = [];
  const troubles: RestTrouble[] = [];

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await read(incoming);
    const trouble = troubles.shift();
    if (trouble !== undefined && 'delayMs' in trouble) {
      await new Promise<void>((passed) => clock.after(trouble.delayMs, passed));
    }
    const answer =
      trouble !== undefined && 'refuse' in trouble ? refusal(trouble.refuse) : answerUnless(trouble, request);
    const lost = answer === undefined || (trouble !== undefined && 'loseAnswer' in trouble);
    const { method, path, form } = request;
    if (requests.length < MAX_KEPT_REQUESTS) requests.push({ method, path, form, status: lost ? 0 : answer.status });
    if (lost) return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  };
  const answerUnless = (trouble: RestTrouble | undefined, request: RestRequest): RestAnswer | undefined =>
    trouble !== undefined && 'cut' in trouble ? undefined : api(request);

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host, listening);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    requests,
    trouble: (...more) => void troubles.push(...more),
    close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** Rejects when the body is too long. */
async function read(incoming: IncomingMessage): Promise<RestRequest> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_FORM_BYTES) throw new RangeError(`a form of more than ${MAX_FORM_BYTES} bytes`);
  }
  const fields = new URLSearchParams(Buffer.concat(chunks).toString());
  return {
    method: incoming.method ?? '',
    path: (incoming.url ?? '').replace(/\?.*$/s, ''),
    authorization: incoming.headers.authorization,
    form: Object.fromEntries(fields),
    lists: Object.fromEntries([...fields.keys()].map((name) => [name, fields.getAll(name)])),
  };
}
