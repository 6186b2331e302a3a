/** The sound path of twilio-realtime-agents: the two transcoders that its Gemini provider makes for each call, and the resampler in them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installPeer, PEER, PEER_VERSION } from '../load/peer.ts';
import type { SoundSystem } from './systems.ts';

/** What of `twilio-realtime-agents/audio` is used here. */
interface PeerAudio {
  readonly InboundTranscoder: new (outHz: number) => { process(base64: string): string };
  readonly OutboundTranscoder: new (inHz: number) => { process(base64: string): string };
  readonly Resampler: new (inHz: number, outHz: number) => { process(samples: Int16Array): Int16Array };
}

/** Rejects with why it cannot be had. */
export async function peerSystem(): Promise<SoundSystem> {
  const folder = await installPeer();
  const audio = createRequire(join(folder, 'package.json'))(`${PEER}/audio`) as Partial<PeerAudio>;
  const { InboundTranscoder, OutboundTranscoder, Resampler } = audio;
  if (InboundTranscoder === undefined || OutboundTranscoder === undefined || Resampler === undefined)
    throw new Error('it exports no InboundTranscoder, OutboundTranscoder and Resampler');
  const filter = (inHz: number, outHz: number) => () => {
    const resampler = new Resampler(inHz, outHz);
    return (samples: Int16Array) => resampler.process(samples);
  };
  return {
    name: `${PEER} ${PEER_VERSION}`,
    toModel: {
      rateHz: 16_000,
      start: () => {
        const transcoder = new InboundTranscoder(16_000);
        return (codes) => {
          // Copied, because Node may give a buffer an odd place in its pool.
          const bytes = Uint8Array.from(Buffer.from(transcoder.process(base64Of(codes)), 'base64'));
          return new Int16Array(bytes.buffer);
        };
      },
    },
    toPhone: {
      rateHz: 24_000,
      start: () => {
        const transcoder = new OutboundTranscoder(24_000);
        return (bytes) => Buffer.from(transcoder.process(base64Of(bytes)), 'base64');
      },
    },
    filters: { up: filter(8_000, 16_000), down: filter(24_000, 8_000) },
  };
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
