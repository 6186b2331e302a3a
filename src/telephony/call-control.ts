/** What we may ask of a provider while a call lasts, beside its stream: by its REST API, about a call that it carries. */

export interface CallControl {
  /**
   * The provider leaves its present TwiML, and the stream with it, and asks `url` by POST what to do next.
   * `over`: there is no such call any more. Nothing is tried again once it is `unwanted`. Throws Failure PROVIDER_REST.
   */
  redirect(callId: string, url: string, unwanted?: AbortSignal): Promise<'done' | 'over'>;
  /** Ends the call. Throws Failure PROVIDER_REST. */
  hangUp(callId: string): Promise<'done' | 'over'>;
}
