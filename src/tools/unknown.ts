/** The answer to a call of a tool that the agent does not have, so that the model neither waits for it nor tries again. */

export interface UnknownToolResponse extends Readonly<Record<string, unknown>> {
  readonly status: 'unknown_tool';
  readonly retryable: false;
  readonly message: string;
}

/** `error` is the key by which the Live API tells a failed call from an answered one. */
export function unknownTool(name: string): UnknownToolResponse {
  const message = `There is no tool named ${name}. Tell the caller that you cannot do this, and do not try again.`;
  return { status: 'unknown_tool', retryable: false, message, error: message };
}
