/** Adds up what the service reports of tokens. */
import type { Usage } from './entry.ts';

export const NO_USAGE: Usage = {
  promptTokens: 0,
  responseTokens: 0,
  thoughtsTokens: 0,
  toolUseTokens: 0,
  cachedTokens: 0,
  totalTokens: 0,
  promptByModality: {},
  responseByModality: {},
};

export function addedUsage(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    responseTokens: a.responseTokens + b.responseTokens,
    thoughtsTokens: a.thoughtsTokens + b.thoughtsTokens,
    toolUseTokens: a.toolUseTokens + b.toolUseTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    promptByModality: addedByModality(a.promptByModality, b.promptByModality),
    responseByModality: addedByModality(a.responseByModality, b.responseByModality),
  };
}

type Tokens = Usage['promptByModality'];

function addedByModality(a: Tokens, b: Tokens): Tokens {
  // The keys are the service's, so no object's own names may be met among them.
  const total = new Map(Object.entries(a));
  for (const [modality, tokens] of Object.entries(b)) total.set(modality, (total.get(modality) ?? 0) + tokens);
  return Object.fromEntries(total);
}
