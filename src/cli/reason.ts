/** Why something went wrong, in words, and whether that was the network. */

/** `fetch` says only "fetch failed" and keeps the reason in the cause. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reason(error.cause);
  // Where a name has several addresses, the error of all of them has a code and no message.
  return error.message || ('code' in error ? String(error.code) : error.name);
}

/** What the system says when no connection comes about. */
const UNREACHABLE = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && UNREACHABLE.has(error.code)) return true;
  return isUnreachable(error.cause);
}
