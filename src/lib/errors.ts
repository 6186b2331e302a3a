/**
 * Everything that can go wrong, as a closed table. The code is the contract: logs, metrics, a call's outcome and
 * docs/errors.md speak of failures by it, and a test keeps this table and that page in step.
 */

/** Who is at fault: the caller's carrier, the Live service, whoever asked us over HTTP or the CLI, or we ourselves. */
export type Fault = 'provider' | 'model' | 'client' | 'us';

interface FailureKind {
  readonly fault: Fault;
  /** Whether the same thing, tried again later, can succeed. */
  readonly retryable: boolean;
}

export const FAILURES = {
  // Configuration
  CONFIG_INVALID: { fault: 'us', retryable: false },

  // The webhook, and the upgrade of the media stream
  WEBHOOK_UNSIGNED: { fault: 'client', retryable: false },
  WEBHOOK_BAD_REQUEST: { fault: 'client', retryable: false },
  STREAM_UNSIGNED: { fault: 'client', retryable: false },
  STREAM_BAD_TOKEN: { fault: 'client', retryable: false },
  STREAM_START_TIMEOUT: { fault: 'provider', retryable: false },
  STREAM_NEVER_CAME: { fault: 'provider', retryable: false },
  STREAM_DUPLICATE: { fault: 'provider', retryable: false },
  AGENT_UNKNOWN: { fault: 'us', retryable: false },
  SERVICE_DRAINING: { fault: 'us', retryable: true },
  SERVICE_FULL: { fault: 'us', retryable: true },
  SERVICE_OVERLOADED: { fault: 'us', retryable: true },
  AGENT_FULL: { fault: 'us', retryable: true },
  CALLER_LIMIT: { fault: 'client', retryable: true },
  LIVE_FULL: { fault: 'us', retryable: true },

  // Whoever asks over HTTP for calls
  API_OFF: { fault: 'client', retryable: false },
  API_UNAUTHORIZED: { fault: 'client', retryable: false },
  API_BAD_REQUEST: { fault: 'client', retryable: false },
  API_RATE_LIMITED: { fault: 'client', retryable: true },
  API_KEY_REUSED: { fault: 'client', retryable: false },
  API_IN_PROGRESS: { fault: 'client', retryable: true },
  CALL_UNKNOWN: { fault: 'client', retryable: false },
  OUTBOUND_OFF: { fault: 'us', retryable: false },
  OUTBOUND_REFUSED: { fault: 'client', retryable: false },
  PROVIDER_REFUSED: { fault: 'client', retryable: false },
  PROVIDER_BUSY: { fault: 'provider', retryable: true },
  PROVIDER_ACCOUNT: { fault: 'us', retryable: false },

  // Whoever is asked about a call that rings
  CALL_START_FAILED: { fault: 'client', retryable: true },

  // The stream
  PROVIDER_BAD_MESSAGE: { fault: 'provider', retryable: false },
  PROVIDER_BAD_FORMAT: { fault: 'provider', retryable: false },
  PROVIDER_SLOW_READER: { fault: 'provider', retryable: false },
  STREAM_LOST: { fault: 'provider', retryable: true },
  STREAM_SILENT: { fault: 'provider', retryable: true },
  PROVIDER_REST: { fault: 'provider', retryable: true },

  // The Live session: getting in
  LIVE_AUTH: { fault: 'us', retryable: false },
  LIVE_HANDSHAKE: { fault: 'model', retryable: true },
  LIVE_CONNECT_TIMEOUT: { fault: 'model', retryable: true },
  LIVE_SETUP_TIMEOUT: { fault: 'model', retryable: true },
  LIVE_SETUP_INVALID: { fault: 'us', retryable: false },
  LIVE_MODEL_UNKNOWN: { fault: 'us', retryable: false },
  LIVE_ACCESS_DENIED: { fault: 'us', retryable: false },

  // The Live session: staying in
  LIVE_BAD_MESSAGE: { fault: 'model', retryable: true },
  LIVE_REJECTED_ARGUMENT: { fault: 'model', retryable: true },
  LIVE_UNSUPPORTED: { fault: 'model', retryable: true },
  LIVE_HANDLE_DEAD: { fault: 'model', retryable: true },
  LIVE_LIFETIME: { fault: 'model', retryable: true },
  LIVE_QUOTA: { fault: 'model', retryable: true },
  LIVE_UNAVAILABLE: { fault: 'model', retryable: true },
  LIVE_INTERNAL: { fault: 'model', retryable: true },
  LIVE_LOST: { fault: 'model', retryable: true },
  LIVE_RESUME_FAILED: { fault: 'model', retryable: true },
  LIVE_MUTE: { fault: 'model', retryable: true },

  // Transcript and post-processing
  JOURNAL_WRITE: { fault: 'us', retryable: true },
  RECORD_INVALID: { fault: 'us', retryable: false },
  QUEUE_UNAVAILABLE: { fault: 'us', retryable: true },
  ANALYSIS_UNAVAILABLE: { fault: 'model', retryable: true },
  ANALYSIS_INVALID: { fault: 'us', retryable: false },
  ANALYSIS_REFUSED: { fault: 'model', retryable: false },
  ANALYSIS_USELESS: { fault: 'model', retryable: false },
  WEBHOOK_DELIVERY: { fault: 'client', retryable: true },
  WEBHOOK_REFUSED: { fault: 'client', retryable: false },
  STEP_FAILED: { fault: 'us', retryable: true },
  AGENT_LEFT_OUT: { fault: 'us', retryable: true },

  // The process, and its neighbours
  STORE_UNAVAILABLE: { fault: 'us', retryable: true },
  PROCESS_DIED: { fault: 'us', retryable: false },
  SHUTDOWN: { fault: 'us', retryable: true },
  INTERNAL: { fault: 'us', retryable: false },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof FAILURES;

/** One thing gone wrong. The message is for people; programs look at the code. A foreign error goes into `cause`. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get fault(): Fault {
    return FAILURES[this.code].fault;
  }

  get retryable(): boolean {
    return FAILURES[this.code].retryable;
  }
}

/** The failure that `error` is, or else a failure of `code` caused by it. */
export function asFailure(error: unknown, code: FailureCode): Failure {
  if (error instanceof Failure) return error;
  return new Failure(code, error instanceof Error ? error.message : String(error), { cause: error });
}

/** For the end of a `switch` that must know every case: what reaches it does not compile. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
