/** Tokens by what they stand for, as Google's services account for them. */

export function byModality(
  details: readonly { readonly modality: string; readonly tokenCount: number }[],
): Record<string, number> {
  // The keys are the service's, so no object's own names may be met among them.
  const tokens = new Map<string, number>();
  for (const { modality, tokenCount } of details) {
    const key = modality.toLowerCase();
    tokens.set(key, (tokens.get(key) ?? 0) + tokenCount);
  }
  return Object.fromEntries(tokens);
}
