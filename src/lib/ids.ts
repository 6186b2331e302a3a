/** Chance comes in by the door, like time: whoever needs an id or a nonce is given a source of them. */
import { randomBytes, randomUUID } from 'node:crypto';

export interface Ids {
  /** A UUID, version 4. */
  uuid(): string;
  /** 128 random bits as base64url: not to be guessed. */
  nonce(): string;
  /** A number in [0, 1), for jitter only. */
  fraction(): number;
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  nonce: () => randomBytes(16).toString('base64url'),
  fraction: () => Math.random(),
};
