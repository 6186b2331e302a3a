/** What a session costs: its whole context is counted again at each turn, and so only ever grows. */
import type { UsageMetadata } from './server-messages.ts';
import { CHARACTERS_PER_TOKEN, TOKENS_PER_SECOND } from './timings.ts';

export interface UsageMeter {
  /** Instruction and tools: they are replaced, not added. */
  configured(characters: number): void;
  read(characters: number): void;
  heard(soundMs: number): void;
  spoke(soundMs: number): void;
  /** The account of the turn that ends now. */
  settle(): UsageMetadata;
}

export function createUsageMeter(): UsageMeter {
  let configuredCharacters = 0;
  let characters = 0;
  let soundMs = 0;
  let answerMs = 0;
  return {
    configured: (count) => {
      configuredCharacters = count;
    },
    read: (count) => {
      characters += count;
    },
    heard: (ms) => {
      soundMs += ms;
    },
    spoke: (ms) => {
      answerMs += ms;
    },
    settle: () => {
      const text = Math.ceil((configuredCharacters + characters) / CHARACTERS_PER_TOKEN);
      const audio = tokensOfSound(soundMs);
      const answer = tokensOfSound(answerMs);
      soundMs += answerMs;
      answerMs = 0;
      return {
        promptTokenCount: text + audio,
        responseTokenCount: answer,
        totalTokenCount: text + audio + answer,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: text },
          { modality: 'AUDIO', tokenCount: audio },
        ],
        responseTokensDetails: [{ modality: 'AUDIO', tokenCount: answer }],
      };
    },
  };
}

const tokensOfSound = (soundMs: number): number => Math.ceil((soundMs * TOKENS_PER_SECOND) / 1_000);
