/**
 * A small reservation service for the restaurant agent: plain Node, nothing to install, everything in memory.
 *
 *   GET    /tables?day=friday                 → { day: "2030-12-06", weekday: "Friday", times: ["18:00", …] }
 *   POST   /bookings                          { day, time, guests, name, phone } → the booking
 *   GET    /guests/{phone}/bookings           → { bookings }
 *   PATCH  /guests/{phone}/bookings/{day}     { time?, guests? } → the booking
 *   DELETE /guests/{phone}/bookings/{day}     → the booking
 *   POST   /kitchen/questions                 { question } → { answer }, once somebody in the kitchen gives one
 *   GET    /kitchen/questions                 → { questions } that wait
 *   POST   /kitchen/questions/{number}        { answer }
 *
 * Each request has `Authorization: Bearer <key>`; one that changes something may have an `Idempotency-Key`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const TIMES = ['18:00', '18:30', '19:00', '19:30', '20:00', '20:30', '21:00'];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const TABLES = 6;
const MAX_GUESTS = 12;
const MAX_BODY_BYTES = 16 * 1024;
/** Of repeated requests: those of the last hours, in a restaurant. */
const MAX_REMEMBERED = 1_000;

class Refusal extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** An HTTP server that is not listening yet. */
export function createReservations({ key }) {
  const bookings = [];
  /** Answers by the key and the text of their requests: a repeated one gets the first answer, and does nothing. */
  const remembered = new Map();
  const questions = new Map();
  let count = 0;

  const isFree = (day, time, besides) =>
    bookings.filter((each) => each !== besides && each.day === day && each.time === time).length < TABLES;
  const bookingOf = (phone, day) => {
    const found = bookings.find((each) => each.phone === phone && each.day === day);
    if (!found) throw new Refusal(404, 'This number has no booking on that day.');
    return found;
  };
  const judge = ({ day, time, guests, name, phone }, besides) => {
    if (dateOf(day).day !== day) throw new Refusal(422, 'day must be a date, as YYYY-MM-DD.');
    if (!TIMES.includes(time)) throw new Refusal(422, `time must be one of ${TIMES.join(', ')}.`);
    if (!Number.isInteger(guests) || guests < 1 || guests > MAX_GUESTS)
      throw new Refusal(422, `guests must be a number from 1 to ${MAX_GUESTS}.`);
    if (![name, phone].every((text) => typeof text === 'string' && text !== ''))
      throw new Refusal(422, 'name and phone must be given.');
    if (!isFree(day, time, besides)) throw new Refusal(409, `There is no table left at ${time}.`);
  };

  const routes = {
    'GET /tables': (_, { day }) => {
      const date = dateOf(day);
      return { ...date, times: TIMES.filter((time) => isFree(date.day, time)) };
    },
    'POST /bookings': (_, { day, time, guests, name, phone }) => {
      judge({ day, time, guests, name, phone });
      const other = bookings.find((each) => each.phone === phone && each.day === day);
      if (other) throw new Refusal(409, `This number has a table at ${other.time} on that day: change that booking.`);
      const booking = { number: ++count, day, time, guests, name, phone };
      bookings.push(booking);
      return { ...booking };
    },
    'GET /guests/:/bookings': ([phone]) => ({ bookings: bookings.filter((each) => each.phone === phone) }),
    'PATCH /guests/:/bookings/:': ([phone, day], { time, guests }) => {
      const booking = bookingOf(phone, day);
      const changed = { ...booking, ...(time !== undefined && { time }), ...(guests !== undefined && { guests }) };
      judge(changed, booking);
      return { ...Object.assign(booking, changed) };
    },
    'DELETE /guests/:/bookings/:': ([phone, day]) => {
      const booking = bookingOf(phone, day);
      bookings.splice(bookings.indexOf(booking), 1);
      return booking;
    },
    'GET /kitchen/questions': () => ({
      questions: [...questions].map(([number, { question }]) => ({ number, question })),
    }),
    // People answer when they can: how long to wait is up to who asks.
    'POST /kitchen/questions': (_, { question }, gone) => {
      const number = ++count;
      gone.addEventListener('abort', () => questions.delete(number));
      return new Promise((resolve) => questions.set(number, { question, resolve }));
    },
    'POST /kitchen/questions/:': ([number], { answer }) => {
      const asked = questions.get(Number(number));
      if (!asked) throw new Refusal(404, 'Nobody waits for that any more.');
      questions.delete(Number(number));
      asked.resolve({ answer });
      return {};
    },
  };

  const answer = async (request, gone) => {
    if (!isSame(request.headers.authorization ?? '', `Bearer ${key}`)) throw new Refusal(401, 'The key is wrong.');
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const [route, given] = find(routes, request.method, pathname) ?? [];
    if (!route) throw new Refusal(404, 'There is no such thing.');
    const text = await readBody(request);
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
      send(200, await answer(request, abort.signal));
    } catch (error) {
      if (error instanceof Refusal) return send(error.status, { reason: error.message });
      console.error(error);
      send(500, { reason: 'A fault of the service.' });
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

/** A date, a weekday that is to come, today or tomorrow: a model on the telephone does not know which day it is. */
function dateOf(text) {
  const word = String(text).toLowerCase();
  const date = new Date(`${/^\d{4}-\d\d-\d\d$/.test(word) ? word : localDay()}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) throw new Refusal(422, 'There is no such day.');
  const weekday = () => WEEKDAYS[date.getUTCDay()];
  if (word === 'tomorrow') date.setUTCDate(date.getUTCDate() + 1);
  else if (WEEKDAYS.some((each) => each.toLowerCase() === word)) {
    while (weekday().toLowerCase() !== word) date.setUTCDate(date.getUTCDate() + 1);
  } else if (word !== 'today' && !date.toISOString().startsWith(word)) {
    throw new Refusal(422, 'day must be a date, as YYYY-MM-DD, a weekday, today or tomorrow.');
  }
  return { day: date.toISOString().slice(0, 10), weekday: weekday() };
}

function localDay() {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** Takes as long whatever is wrong. */
function isSame(a, b) {
  const hash = (text) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const key = process.env.RESERVATIONS_KEY;
  const port = Number(process.env.RESERVATIONS_PORT ?? 8091);
  if (!key) {
    console.error('Set RESERVATIONS_KEY to any secret, here and where Callbridge runs.');
    process.exit(2);
  }
  const server = createReservations({ key });
  server.on('request', ({ method, url }, response) =>
    response.on('close', () =>
      console.log(`${method} ${url} ${response.writableEnded ? response.statusCode : 'given up'}`),
    ),
  );
  server.listen(port, '127.0.0.1', () =>
    console.log(`Reservations are taken on http://127.0.0.1:${server.address().port}`),
  );
}
