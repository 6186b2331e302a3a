/** Text as XML can carry it. */

/** XML 1.0 §2.2: the characters outside `Char`, with lone surrogates among them. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

export const xmlText = (text: string): string => text.replace(NOT_XML, '');
