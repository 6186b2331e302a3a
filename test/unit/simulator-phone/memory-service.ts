/** A service without a network, for tests of whole calls: it answers requests from a table and takes streams in memory. */
import type { PhoneNetwork, PhoneRequest, PhoneResponse } from '../../../src/simulator/phone/network.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';

export interface MemoryService {
  readonly network: PhoneNetwork;
  readonly requests: readonly PhoneRequest[];
  readonly upgrades: readonly { url: string; headers: Readonly<Record<string, string>> }[];
  /** The service's ends of the streams, newest last. */
  readonly sockets: readonly MemorySocket[];
  requestsTo(path: string): readonly PhoneRequest[];
  /** The messages that came by the stream of that number, from 0. */
  received(stream: number): readonly string[];
}

type Answer = string | Uint8Array | number | ((request: PhoneRequest) => string | Uint8Array | number);

/** Answers by path: TwiML, bytes, or a bare status. */
export function memoryService(
  clock: ManualClock,
  answers: Readonly<Record<string, Answer>>,
  stream: (socket: MemorySocket) => void = () => undefined,
): MemoryService {
  const requests: PhoneRequest[] = [];
  const upgrades: { url: string; headers: Readonly<Record<string, string>> }[] = [];
  const sockets: MemorySocket[] = [];
  const phones: MemorySocket[] = [];
  const network: PhoneNetwork = {
    request(request) {
      requests.push(request);
      const answer = answers[new URL(request.url).pathname] ?? 404;
      return Promise.resolve(responseOf(typeof answer === 'function' ? answer(request) : answer));
    },
    connect(url, headers, opened) {
      upgrades.push({ url, headers });
      const [phone, service] = MemorySocket.pair(clock);
      sockets.push(service);
      phones.push(phone);
      stream(service);
      return Promise.resolve(opened(phone));
    },
  };
  const requestsTo = (path: string) => requests.filter(({ url }) => new URL(url).pathname === path);
  return { network, requests, upgrades, sockets, requestsTo, received: (stream) => phones[stream]?.sent ?? [] };
}

function responseOf(answer: string | Uint8Array | number): PhoneResponse {
  if (typeof answer === 'number') return { status: answer, body: new Uint8Array(0) };
  return { status: 200, body: typeof answer === 'string' ? Buffer.from(answer) : answer };
}
