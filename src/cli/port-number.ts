/** A port, as an option of a command. */
import { InvalidArgumentError } from 'commander';

/** Throws InvalidArgumentError, for commander to tell. */
export function portNumber(value: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/u.test(value) || port > 65_535) throw new InvalidArgumentError('a number from 0 to 65535 is wanted');
  return port;
}
