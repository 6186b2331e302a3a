/** What the doors need of the other processes behind the same port. */
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The request of a WebSocket, as it travels beside its socket. */
export interface PassedUpgrade {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** What came after the request, as base64. */
  readonly head: string;
}

export interface Siblings {
  /** This process's own, from 1. */
  readonly number: number;
  /** Whether the stream is on its way to the process of that number, or whoever takes its place; else it is still the caller's. */
  passOn(number: number, upgrade: PassedUpgrade, socket: Socket): boolean;
  /** The metrics of all, for Prometheus. Rejects when they do not come in time. */
  sum(): Promise<string>;
}

/** Reading and writing go by the rules of Node: a header that may come once is a string. */
export function packUpgrade({ method = '', url = '', headers }: IncomingMessage, head: Buffer): PassedUpgrade {
  const present = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return { method, url, headers: Object.fromEntries(present), head: head.toString('base64') };
}

export function unpackUpgrade(
  { method, url, headers, head }: PassedUpgrade,
  socket: Socket,
): readonly [request: IncomingMessage, head: Buffer] {
  const request = new IncomingMessage(socket);
  Object.assign(request, { method, url, headers });
  return [request, Buffer.from(head, 'base64')];
}
