/** How calls are placed with a provider. */

export interface CallOrder {
  /** E.164. */
  readonly to: string;
  readonly from: string;
  /** Asked by POST what to do, once the call is answered. */
  readonly voiceUrl: string;
  /** Told by POST how the call goes on. */
  readonly statusUrl: string;
  readonly ringMs: number;
  /** From the answer on. */
  readonly maxCallMs: number;
  /** Whether the provider listens for a machine: until it is known who answered, or until a machine's greeting is over. */
  readonly detection?: { readonly until: 'known' | 'messageEnd'; readonly url: string } | undefined;
}

export interface CallPlacer {
  /**
   * Resolves with the call's id when the provider has taken it on. Rejects with Failure PROVIDER_REFUSED when it never will,
   * PROVIDER_BUSY when it may later, PROVIDER_ACCOUNT when it may once our access to it is mended, and PROVIDER_REST when nobody
   * knows whether it has.
   */
  place(order: CallOrder): Promise<string>;
}
