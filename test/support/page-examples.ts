/** The files that a page of the documentation shows, in its order, by the path that stands behind the fence. */
export function examplesOf(page: string): readonly (readonly [path: string, text: string])[] {
  const fences = page.matchAll(/^```\w+ ((?:config|fixtures)\/\S+)\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, path = '', text = '']) => [path, text] as const);
}
