/** What the agent is told to say. */

/** The model varies the words; what must be said exactly is a recording's work. */
export function greetingOrder(greeting: string): string {
  return `[The caller has just picked up the phone.] ${greeting}`;
}
