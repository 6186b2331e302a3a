/** WAV files by their chunks, whole and broken. */

export interface Made {
  readonly tag?: number;
  readonly channels?: number;
  readonly rateHz?: number;
  readonly bits?: number;
  readonly seconds?: number;
}

export const chunk = (name: string, body: Uint8Array): Buffer => {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
};
export const riff = (...chunks: Uint8Array[]): Buffer => {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk('RIFF', body);
};
export function format({ tag = 1, channels = 1, rateHz = 8_000, bits = 16 }: Made): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rateHz, 4);
  body.writeUInt32LE((rateHz * channels * bits) / 8, 8);
  body.writeUInt16LE((channels * bits) / 8, 12);
  body.writeUInt16LE(bits, 14);
  return chunk('fmt ', body);
}
export function wav(made: Made = {}): Buffer {
  const { channels = 1, rateHz = 8_000, bits = 16, seconds = 1 } = made;
  return riff(format(made), chunk('data', Buffer.alloc(Math.round((seconds * rateHz * channels * bits) / 8))));
}
