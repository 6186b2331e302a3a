/** What Callbridge asks about a call while it rings, and tells when it has begun, ended, and been looked through. */
import { Webhook } from 'standardwebhooks';
import { Refusal } from './book.mjs';

/** Of a day's calls, so that an event which is sent again is taken once. */
const MAX_REMEMBERED = 10_000;

/** What one variable of an answer may hold. */
const MAX_CHARACTERS = 400;

/** `tell` is given each new event; when it throws, the event comes again. */
export function createCalls({ book, secret, tell }) {
  const webhook = new Webhook(secret);
  const taken = new Set();
  const verified = (headers, text) => {
    try {
      return webhook.verify(text, headers);
    } catch {
      throw new Refusal(401, 'The signature is wrong: is the secret the same, there and here?');
    }
  };

  return {
    /** What stands for {{vars.guest}} and {{vars.wishes}}: nothing for whom the book does not know. */
    ringing(headers, text) {
      const { data } = verified(headers, text);
      const guest = book.guest(data.direction === 'outbound' ? data.to : data.from);
      return guest === undefined ? {} : { variables: { guest: guest.name, wishes: newest(guest.wishes) } };
    },
    event(headers, text) {
      const { type, data } = verified(headers, text);
      const id = headers['webhook-id'];
      if (taken.has(id)) return {};
      tell(type, data);
      if (taken.size === MAX_REMEMBERED) taken.delete(taken.values().next().value);
      taken.add(id);
      return {};
    },
  };
}

/** As many of the last ones as fit. */
function newest(wishes) {
  let text = '';
  for (const wish of wishes.toReversed()) {
    const longer = text === '' ? wish : `${wish} ${text}`;
    if (longer.length > MAX_CHARACTERS) break;
    text = longer;
  }
  return text;
}
