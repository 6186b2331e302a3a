/** The Live simulator as a server, and the same without a network: what tests, replays and the CLI start. */
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { type Clock, type Ids, systemIds } from '../../lib/index.ts';
import { isAuthorised, locate, type UpgradeRequest } from './access.ts';
import type { ServiceEnd } from './connection.ts';
import type { SocketFault } from './faults.ts';
import type { Refusal } from './refusals.ts';
import { answerRest } from './rest.ts';
import { LiveService, type LiveServiceOptions } from './service.ts';
import type { SessionRecord } from './session-record.ts';
import { type TextFault, TextModel, type TextRequest } from './text-model.ts';

export interface LiveSimulatorOptions extends Omit<LiveServiceOptions, 'ids'> {
  readonly clock: Clock;
  readonly ids?: Ids | undefined;
}

export interface LiveServerOptions extends LiveSimulatorOptions {
  /** Default: any free one. */
  readonly port?: number | undefined;
  /** Default: this machine only. */
  readonly host?: string | undefined;
  /** The Developer API sends its JSON in binary frames; Vertex AI is said to send text. Default true. */
  readonly binaryFrames?: boolean | undefined;
  /** What goes wrong with the first requests to the text model, in order. */
  readonly textFaults?: readonly TextFault[] | undefined;
}

export interface LiveSimulator {
  /** The latest sessions, oldest first. */
  readonly sessions: readonly SessionRecord[];
  /** Why clients were refused. */
  readonly refusals: readonly Refusal[];
  /** Has the fault happen at once to every open socket: for faults whose moment the scenario cannot know. */
  befall(fault: SocketFault): void;
  /**
   * Connects one end of a socket in memory, as a request to the server would: undefined when it was let in, else the
   * HTTP status of the refusal.
   */
  connectInMemory(socket: ServiceEnd, request: UpgradeRequest): number | undefined;
}

export interface LiveSimulatorServer extends LiveSimulator {
  /** For GOOGLE_GEMINI_BASE_URL, such as http://127.0.0.1:8090. */
  readonly url: string;
  /** The latest requests to the text model, oldest first. */
  readonly textRequests: readonly TextRequest[];
  close(): Promise<void>;
}

/** Clients send sound in chunks well under a second; the service closes on more than this. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
/** The service's own limit for a request without files is 20 MB. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;

export function createLiveSimulator(options: LiveSimulatorOptions): LiveSimulator & { close(): void } {
  const service = new LiveService({ ...options, ids: options.ids ?? systemIds });
  return { ...viewOf(service), close: () => service.close() };
}

export async function startLiveSimulator(options: LiveServerOptions): Promise<LiveSimulatorServer> {
  const service = new LiveService({ ...options, ids: options.ids ?? systemIds });
  const webSockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    WebSocket: options.binaryFrames === false ? WebSocket : BinaryWebSocket,
  });
  const textModel = new TextModel(options.textFaults ?? [], options.scenario?.texts ?? []);
  const server = createServer((request, response) => void answer(request, response, options, textModel));
  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const invitation = service.upgrade(asUpgrade(request));
    if (!('connect' in invitation)) return refuseUpgrade(duplex, invitation.status);
    webSockets.handleUpgrade(request, duplex, head, (socket) => {
      answerPings(socket, options.clock, invitation.delayPongsMs);
      invitation.connect(socket);
    });
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    ...viewOf(service),
    url: `http://${host}:${port}`,
    textRequests: textModel.requests,
    close: () =>
      new Promise<void>((resolve) => {
        service.close();
        for (const socket of webSockets.clients) socket.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function viewOf(service: LiveService): LiveSimulator {
  return {
    sessions: service.sessions,
    refusals: service.refusals,
    befall: (fault) => service.befall(fault),
    connectInMemory: (socket, request) => {
      const invitation = service.upgrade(request);
      if (!('connect' in invitation)) return invitation.status;
      invitation.connect(socket);
      return undefined;
    },
  };
}

class BinaryWebSocket extends WebSocket {
  override send(data: string): void {
    super.send(data, { binary: true });
  }
}

/** The service answers pings; late ones were seen too. */
function answerPings(socket: WebSocket, clock: Clock, delayMs: number): void {
  socket.on('ping', (data) => {
    if (delayMs === 0) socket.pong(data);
    else clock.after(delayMs, () => socket.readyState === WebSocket.OPEN && socket.pong(data));
  });
}

function refuseUpgrade(duplex: Duplex, status: number): void {
  duplex.on('error', () => undefined);
  duplex.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: LiveServerOptions,
  textModel: TextModel,
): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) {
    response.writeHead(413).end();
    return;
  }
  const upgrade = asUpgrade(request);
  const { path } = locate(upgrade.url);
  const result = answerRest(request.method ?? 'GET', path, isAuthorised(upgrade, options), body, textModel);
  if (result === 'hangs') return;
  if (result === 'cut') {
    response.socket?.destroy();
    return;
  }
  response.writeHead(result?.status ?? 404, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(JSON.stringify(result?.body ?? { error: { code: 404, message: 'Not found', status: 'NOT_FOUND' } }));
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const asUpgrade = (request: IncomingMessage): UpgradeRequest => ({ url: request.url ?? '/', headers: request.headers });
