/** Hands a session's events to its reader, with the sound as samples. */
import { createPcmReader, type Pcm, pcm } from '../audio/index.ts';
import { unreachable } from '../lib/index.ts';
import type { LiveEvent } from './decode.ts';
import type { LiveHandlers } from './handlers.ts';

export interface Delivery {
  deliver(event: LiveEvent): void;
  /** What comes next has nothing to do with what came before. */
  reset(): void;
}

export function createDelivery(handlers: LiveHandlers, route: () => string): Delivery {
  const reader = createPcmReader(24_000);

  /** The reader may lend its own memory, until the next chunk; who hears the sound may keep it. */
  const samplesOf = (bytes: Uint8Array): Pcm<24000> => {
    const samples = reader.push(bytes);
    return samples.buffer === bytes.buffer ? samples : pcm(samples.slice(), 24_000);
  };

  const deliver = (event: LiveEvent): void => {
    switch (event.type) {
      case 'voiceActivity':
        handlers.voiceActivity(event.edge);
        break;
      case 'transcribed':
        handlers.transcribed({ speaker: event.speaker, text: event.text });
        break;
      case 'audio': {
        const samples = samplesOf(event.bytes);
        if (samples.length > 0) handlers.audio(samples);
        break;
      }
      case 'grounded':
        handlers.grounded(event.grounding);
        break;
      case 'toolsCalled':
        handlers.toolsCalled(event.calls);
        break;
      case 'toolsCancelled':
        handlers.toolsCancelled(event.ids);
        break;
      case 'generationCompleted':
        handlers.generationCompleted();
        break;
      case 'bargedIn':
        reader.reset();
        handlers.bargedIn();
        break;
      case 'turnCompleted':
        reader.reset();
        handlers.turnCompleted({ reason: event.reason, idle: event.idle });
        break;
      case 'used':
        handlers.used(event.usage);
        break;
      case 'handleOffered':
        if (event.resumable && event.handle !== '') handlers.handleRenewed(event.handle, route());
        break;
      case 'leaving':
        handlers.leaving(event.timeLeftMs);
        break;
      default:
        unreachable(event);
    }
  };

  return { deliver, reset: reader.reset };
}
