/** A bound for what others nest: JSON.parse takes any depth, and JSON.stringify, which recurses, then dies of it. */

/** Protobuf's parsers take 100 levels, so that no service of Google's sends more. */
const MAX_DEPTH = 100;

/** Whether it can be written down again. */
export function isShallow(value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}
