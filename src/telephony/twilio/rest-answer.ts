/** What Twilio's REST API answered, when it was not what was asked for. */

/** A refusal by its two numbers; 0 where there was no answer. Its text may repeat what was asked for. */
export interface RestAnswer {
  readonly status: number;
  readonly code: number;
  /** The system's name for what happened to the connection, such as ECONNREFUSED. */
  readonly connection: string;
}

export const TOO_MANY_REQUESTS = 429;
export const FIRST_SERVER_ERROR = 500;

/** Of an error of the `twilio` package. */
export function answerOf(error: unknown): RestAnswer {
  const fields: { status?: unknown; code?: unknown } = typeof error === 'object' && error !== null ? error : {};
  return {
    status: typeof fields.status === 'number' ? fields.status : 0,
    code: typeof fields.code === 'number' ? fields.code : 0,
    connection: typeof fields.code === 'string' ? fields.code : 'no answer',
  };
}

/** In words that may be logged. */
export function toldBy({ status, code, connection }: RestAnswer): string {
  return status === 0 ? connection : `HTTP ${status}${code === 0 ? '' : `, Twilio ${code}`}`;
}
