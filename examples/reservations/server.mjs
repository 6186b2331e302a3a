/**
 * A small reservation service for the restaurant agent, with everything in memory.
 *
 *   GET    /tables?day=friday                 → { day: "2030-12-06", weekday: "Friday", times: ["18:00", …] }
 *   POST   /bookings                          { day, time, guests, name, phone, room? } → the booking
 *   GET    /guests/{phone}/bookings           → { bookings }
 *   PATCH  /guests/{phone}/bookings/{day}     { time?, guests? } → the booking
 *   DELETE /guests/{phone}/bookings/{day}     → the booking
 *   POST   /kitchen/questions                 { question } → { answer }, once somebody in the kitchen gives one
 *   GET    /kitchen/questions                 → { questions } that wait
 *   POST   /kitchen/questions/{number}        { answer }
 *   POST   /mcp                               the guests' wishes, by the Model Context Protocol
 *   POST   /calls/ringing                     what Callbridge asks about a call: → { variables }
 *   POST   /calls/events                      what it tells of one
 *
 * Each request has `Authorization: Bearer <key>`, but for the last two, which are signed; one that changes something may have an
 * `Idempotency-Key`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { createBook, Refusal } from './book.mjs';
import { createCalls } from './calls.mjs';
import { serveWishes } from './wishes.mjs';

/** The record of a call of a quarter of an hour is a tenth of this. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Of repeated requests: those of the last hours, in a restaurant. */
const MAX_REMEMBERED = 1_000;

/** An HTTP server that is not listening yet. Without a `secret` it hears nothing of calls; `tell` is given their events. */
export function createReservations({ key, secret, tell }) {
  const book = createBook();
  /** Answers by the key and the text of their requests: a repeated one gets the first answer, and does nothing. */
  const remembered = new Map();

  const routes = {
    'GET /tables': (_, { day }) => book.tables(day),
    'POST /bookings': (_, values) => book.book(values),
    'GET /guests/:/bookings': ([phone]) => book.bookingsOf(phone),
    'PATCH /guests/:/bookings/:': ([phone, day], values) => book.change(phone, day, values),
    'DELETE /guests/:/bookings/:': ([phone, day]) => book.cancel(phone, day),
    'GET /kitchen/questions': () => ({ questions: book.questions() }),
    'POST /kitchen/questions': (_, { question }, gone) => book.ask(question, gone),
    'POST /kitchen/questions/:': ([number], { answer }) => {
      book.answer(Number(number), answer);
      return {};
    },
  };
  const calls = secret && createCalls({ book, secret, tell });
  const signed = calls ? { '/calls/ringing': calls.ringing, '/calls/events': calls.event } : {};

  const answer = async (request, text, gone) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const [route, given] = find(routes, request.method, pathname) ?? [];
    if (!route) throw new Refusal(404, 'There is no such thing.');
    const values = { ...Object.fromEntries(searchParams), ...parsed(text) };
    const repetition = request.method === 'GET' ? undefined : request.headers['idempotency-key'];
    if (repetition === undefined) return route(given, values, gone);
    const what = `${request.method} ${request.url} ${text}`;
    const before = remembered.get(repetition);
    if (before && before.what !== what) throw new Refusal(422, 'That Idempotency-Key was used for something else.');
    if (before) return before.done;
    // What is refused throws, and is not remembered: it may be tried again.
    const done = route(given, values, gone);
    if (remembered.size === MAX_REMEMBERED) remembered.delete(remembered.keys().next().value);
    remembered.set(repetition, { what, done });
    return done;
  };

  return createServer(async (request, response) => {
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    const send = (status, value) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    try {
      const told = request.method === 'POST' ? signed[request.url] : undefined;
      const isOurs = isSame(request.headers.authorization ?? '', `Bearer ${key}`);
      if (!told && !isOurs) throw new Refusal(401, 'The key is wrong.');
      const text = await readBody(request);
      if (told) return send(200, told(request.headers, text));
      if (request.url === '/mcp' && request.method === 'POST') {
        return await serveWishes(book, request, response, parsed(text));
      }
      // It says nothing of its own accord.
      if (request.url === '/mcp') throw new Refusal(405, 'Only POST.');
      send(200, await answer(request, text, abort.signal));
    } catch (error) {
      if (error instanceof Refusal) return send(error.status, { reason: error.message });
      console.error(error);
      if (!response.headersSent) send(500, { reason: 'A fault of the service.' });
    }
  });
}

/** The route, and what stands in the places of its colons. */
function find(routes, method, pathname) {
  const parts = pathname.split('/');
  for (const [name, route] of Object.entries(routes)) {
    const [wanted, path] = name.split(' ');
    const places = path.split('/');
    if (wanted !== method || places.length !== parts.length) continue;
    if (places.every((place, at) => place === ':' || place === parts[at])) {
      return [route, parts.filter((_, at) => places[at] === ':').map(decoded)];
    }
  }
  return undefined;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, 'The path is written wrong.');
  }
}

async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Refusal(413, 'That is too much.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text) {
  try {
    const value = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {}
  throw new Refusal(400, 'The body must be JSON.');
}

/** Takes as long whatever is wrong. */
function isSame(a, b) {
  const hash = (text) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

function isSecret(text) {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  return Buffer.from(base64, 'base64').length >= 24;
}

function main({ RESERVATIONS_KEY: key, RESERVATIONS_SECRET: secret, RESERVATIONS_PORT: port = '8091' }) {
  const leave = (why) => {
    console.error(why);
    process.exit(2);
  };
  if (!key) leave('Set RESERVATIONS_KEY to any secret, here and where Callbridge runs.');
  if (secret && !isSecret(secret)) {
    leave('RESERVATIONS_SECRET must be "whsec_" and 24 bytes or more in base64, here and where Callbridge runs.');
  }
  const tell = (type, { callId, outcome, analysis }) => {
    const what = analysis?.summary?.result ?? outcome?.kind;
    console.log([type, callId, what].filter((each) => each !== undefined).join(' '));
  };
  const server = createReservations({ key, secret, tell });
  server.on('request', ({ method, url }, response) =>
    response.on('close', () =>
      console.log(`${method} ${url} ${response.writableEnded ? response.statusCode : 'given up'}`),
    ),
  );
  server.on('error', ({ message }) =>
    leave(`Port ${port} cannot be had (${message}): end what uses it, or set RESERVATIONS_PORT.`),
  );
  server.listen(Number(port), '127.0.0.1', () =>
    console.log(`Reservations are taken on http://127.0.0.1:${server.address().port}`),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.env);
