/** The restaurant's book: tables, guests and their wishes, all in memory; and what the cooks are asked. */
const TIMES = ['18:00', '18:30', '19:00', '19:30', '20:00', '20:30', '21:00'];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const TABLES = 6;
const MAX_GUESTS = 12;
const MAX_WISHES = 20;
const MAX_NAME = 100;

/** What is refused, with an HTTP status. */
export class Refusal extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** Of who withholds their number the provider tells a word, or its keys: such callers have nothing in common. */
const WITHHELD =
  /^(\+?(266696687|8656696|7378742833|86282452253|7748283|2562533)|sips?:(anonymous|unknown|restricted|unavailable|private)@.*)$/i;
const isNumber = (phone) => /^(\+\d{7,15}|sips?:[^@\s]+@\S+)$/.test(phone) && !WITHHELD.test(phone);

export function createBook() {
  const bookings = [];
  /** Names and wishes by telephone number: who has booked, and this regular. */
  const guests = new Map([['+15550114', { name: 'Bianchi', wishes: ['The table by the window.'] }]]);
  const questions = new Map();
  let count = 0;

  const isFree = (day, time, besides) =>
    bookings.filter((each) => each !== besides && each.day === day && each.time === time).length < TABLES;
  const judgeNumber = (phone) => {
    if (!isNumber(phone)) throw new Refusal(422, 'Their number is withheld, and bookings are kept by it.');
  };
  const bookingOf = (phone, day) => {
    judgeNumber(phone);
    const found = bookings.find((each) => each.phone === phone && each.day === day);
    if (!found) throw new Refusal(404, 'This number has no booking on that day.');
    return found;
  };
  const judge = ({ day, time, guests, name, phone }, besides) => {
    if (dateOf(day).day !== day) throw new Refusal(422, 'day must be a date, as YYYY-MM-DD.');
    if (!TIMES.includes(time)) throw new Refusal(422, `time must be one of ${TIMES.join(', ')}.`);
    if (!Number.isInteger(guests) || guests < 1 || guests > MAX_GUESTS)
      throw new Refusal(422, `guests must be a number from 1 to ${MAX_GUESTS}.`);
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME)
      throw new Refusal(422, `name must be given, in ${MAX_NAME} characters.`);
    judgeNumber(phone);
    if (!isFree(day, time, besides)) throw new Refusal(409, `There is no table left at ${time}.`);
  };

  return {
    tables(day) {
      const date = dateOf(day);
      return { ...date, times: TIMES.filter((time) => isFree(date.day, time)) };
    },
    book({ day, time, guests: many, name, phone, room }) {
      judge({ day, time, guests: many, name, phone });
      const other = bookings.find((each) => each.phone === phone && each.day === day);
      if (other) throw new Refusal(409, `This number has a table at ${other.time} on that day: change that booking.`);
      const booking = { number: ++count, day, time, guests: many, name, phone, ...(room && { room }) };
      bookings.push(booking);
      if (!guests.has(phone)) guests.set(phone, { name, wishes: [] });
      return { ...booking };
    },
    bookingsOf(phone) {
      judgeNumber(phone);
      return { bookings: bookings.filter((each) => each.phone === phone) };
    },
    change(phone, day, { time, guests }) {
      const booking = bookingOf(phone, day);
      const changed = { ...booking, ...(time !== undefined && { time }), ...(guests !== undefined && { guests }) };
      judge(changed, booking);
      return { ...Object.assign(booking, changed) };
    },
    cancel(phone, day) {
      const booking = bookingOf(phone, day);
      bookings.splice(bookings.indexOf(booking), 1);
      return booking;
    },
    guest: (phone) => guests.get(phone),
    /** Whether there is such a guest. */
    noteWish(phone, wish) {
      const guest = guests.get(phone);
      if (guest !== undefined) guest.wishes = [...guest.wishes, wish].slice(-MAX_WISHES);
      return guest !== undefined;
    },
    questions: () => [...questions].map(([number, { question }]) => ({ number, question })),
    /** People answer when they can: how long to wait is up to who asks, and then hangs up. */
    ask(question, gone) {
      const number = ++count;
      gone.addEventListener('abort', () => questions.delete(number));
      return new Promise((resolve) => questions.set(number, { question, resolve }));
    },
    answer(number, answer) {
      const asked = questions.get(number);
      if (!asked) throw new Refusal(404, 'Nobody waits for that any more.');
      questions.delete(number);
      asked.resolve({ answer });
    },
  };
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
