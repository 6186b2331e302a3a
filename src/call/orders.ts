/** What the agent is told to say. */

const WHY: Readonly<Record<string, string>> = {
  'no-answer': 'nobody answered',
  busy: 'the line is busy',
  declined: 'they cannot take the call now',
  failed: 'they cannot be reached',
};

/** `status`: the provider's word for how the transfer went. */
export function notPutThrough(name: string, status: string | undefined): string {
  const why = WHY[status ?? ''] ?? 'it did not come about';
  return `[The caller could not be put through to ${name}: ${why}. They are back with you now. Tell them so, and ask how you can help instead. Do not greet again.]`;
}

/** Keys may be a secret, so that no other process is told them. */
export const KEYS_LOST =
  '[What the caller entered by the keys was lost with the connection. If it is still needed, ask them to enter it again.]';

/** The model varies the words; what must be said exactly is a recording's work. */
export function greetingOrder(greeting: string): string {
  return `[The caller has just picked up the phone.] ${greeting}`;
}

/** Nobody is there who could wait, or be answered: only the message is left to be said. */
export function backAtMachine(message: string): string {
  return `[The connection broke for a moment. As you have noticed, a machine has answered, and may record by now. Unless you have said this already, say it when the tone has sounded, and nothing else: "${message}" Then end the call.]`;
}

export function messageOrder(message: string): string {
  return `[A machine has answered, and records now. Speak this message, and nothing else; nobody will answer.] ${message}`;
}
