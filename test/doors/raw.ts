/** An enemy's client: bytes as it likes, over a plain socket; and the honest call that must still work afterwards. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { CALL, type Note, signedUpgrade, startMessage, type startService, VOICE_FORM } from '../unit/http/service.ts';

export type Service = Awaited<ReturnType<typeof startService>>;

export async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Everything the server answers to these bytes until it closes the connection. */
export async function answerTo(port: number, bytes: string | Buffer): Promise<string> {
  const socket = await connected(port);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

/** The status of each answer in what came back. */
export const statusesIn = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** Rings and talks as Twilio does: whatever was done to the service before, this works. */
export async function expectNormalCall(service: Service, callId = CALL): Promise<void> {
  const parameters = await service.ringing({ ...VOICE_FORM, CallSid: callId });
  const phone = service.dial();
  await once(phone, 'open');
  phone.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  phone.send(startMessage(parameters, callId));
  phone.send('{"event":"media","media":{"track":"inbound","timestamp":"4711","payload":"/38="}}');
  await service.calls.until((note: Note) => note.did === 'heard' && note.what[2] === 4711);
  phone.send('{"event":"stop"}');
  const [code] = await once(phone, 'close');
  expect(code).toBe(1000);
}

/** All lines of the log, each of which is one JSON object. */
export const logLines = (service: Service): Record<string, unknown>[] =>
  service
    .log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

/** A WebSocket whose frames are written by hand: what `ws` would never send. */
export async function rawStream(
  port: number,
  headers: readonly string[] = [],
): Promise<{ socket: Socket; head: string }> {
  const socket = await connected(port);
  const lines = ['GET /twilio/media HTTP/1.1', 'Host: x', ...UPGRADE, KEY, `x-twilio-signature: ${signedUpgrade()}`];
  socket.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
  const [head] = await once(socket, 'data');
  return { socket, head: String(head) };
}

export interface FrameOptions {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** RSV1: "this message is compressed". */
  readonly compressed?: boolean;
  readonly masked?: boolean;
}

/** RFC 6455 §5.2, with a mask of zeros. */
export function frame(payload: string | Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = 1, fin = true, compressed = false, masked = true } = options;
  const bytes = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const head = [(fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode];
  if (bytes.length < 126) head.push(mask | bytes.length);
  else if (bytes.length < 65_536) head.push(mask | 126, bytes.length >> 8, bytes.length & 0xff);
  else head.push(mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (bytes.length >> shift) & 0xff));
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), bytes]);
}

/** The code of the close frame with which the server ends, and its reason; undefined when it only cuts. It is not answered. */
export async function closeFrameFrom(socket: Socket): Promise<{ code: number; reason: string } | undefined> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    const close = framesIn(bytes).find(({ opcode }) => opcode === 8);
    if (close !== undefined)
      return { code: close.payload.readUInt16BE(0), reason: close.payload.subarray(2).toString() };
  }
  return undefined;
}

/** Short frames only: ours to a stream that has not been spoken to are no others. */
function framesIn(bytes: Buffer): { opcode: number; payload: Buffer }[] {
  const frames = [];
  for (let at = 0; at + 2 <= bytes.length && at + 2 + bytes[at + 1]! <= bytes.length; at += 2 + bytes[at + 1]!) {
    frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(at + 2, at + 2 + bytes[at + 1]!) });
  }
  return frames;
}
