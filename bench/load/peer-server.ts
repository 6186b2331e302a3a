/** A server of twilio-realtime-agents as its README makes one, with Gemini Live, on `ws`. Its argument: the folder in which it is installed. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import { PEER } from './peer.ts';

/** What of the package is used here. */
interface Peer {
  readonly Agent: new (agent: { name: string; instructions: string }) => unknown;
  readonly TwilioRealtimeBridge: new (config: {
    agent: unknown;
    provider: unknown;
    session?: unknown;
  }) => {
    handleConnection(socket: unknown, request: unknown): void;
    on(event: 'error', listener: (error: unknown) => void): void;
  };
}

interface PeerGemini {
  geminiLive(options: { apiKey: string; model: string }): unknown;
}

const require_ = createRequire(join(process.argv[2]!, 'package.json'));
const load = (name: string): Promise<unknown> =>
  import(pathToFileURL(require_.resolve(name).replace(/\.cjs$/, '.mjs')).href);

const { Agent, TwilioRealtimeBridge } = (await load(PEER)) as Peer;
const { geminiLive } = (await load(`${PEER}/gemini`)) as PeerGemini;

// The endpoint is where its SDK finds it by itself: in GOOGLE_GEMINI_BASE_URL.
const bridge = new TwilioRealtimeBridge({
  agent: new Agent({ name: 'Reception', instructions: 'You answer the calls of a bench.' }),
  provider: geminiLive({ apiKey: 'bench', model: 'gemini-3.8-live' }),
});
bridge.on('error', (error) => console.error(error));

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket, request) => bridge.handleConnection(socket, request));
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`));
