/** One connection to a server of the Model Context Protocol, and the calls by it: all phone calls of a process share it. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';

export class McpConnection {
  readonly #client: Client;
  #inUse = 0;
  #left = false;

  constructor(client: Client) {
    this.#client = client;
  }

  async use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    this.#inUse += 1;
    try {
      return await work(this.#client);
    } finally {
      this.#inUse -= 1;
      this.#closeUnused();
    }
  }

  /** Nobody will begin to use it: closing rejects whatever still waits for an answer, so that the last one out does it. */
  leave(): void {
    this.#left = true;
    this.#closeUnused();
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #closeUnused(): void {
    // Nobody waits for it, nor can do anything about it.
    if (this.#left && this.#inUse === 0) this.close().catch(() => undefined);
  }
}
