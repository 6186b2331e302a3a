/** What a tool is to a call: what the model is told of it, how long it may take, and how it is run. */

/** What is known of the call that a tool is called in; templates name these by their paths, such as `caller.number`. */
export interface ToolContext {
  readonly call: {
    readonly id: string;
    readonly agent: string;
    readonly direction: 'inbound' | 'outbound';
    /** Who was called. */
    readonly to: string;
  };
  /** The person at the other end, whoever placed the call: E.164, a `sip:` URI, or what the provider says of a withheld number. */
  readonly caller: {
    readonly number: string;
    /** What they entered by the keys last. It may be a secret: not for logs, nor for results. */
    readonly keys?: string | undefined;
  };
  readonly called: { readonly number: string };
  /** The `X-` headers of a SIP caller's INVITE, by name. */
  readonly sip: Readonly<Record<string, string>>;
  /** What whoever placed an outbound call gave it. */
  readonly vars: Readonly<Record<string, string>>;
  /** How often in this call what the tool did was undone: with another number, the same thing is another one. */
  readonly timesUndone?: number | undefined;
}

/** A tool that leaves the phone call alone. */
export interface OutsideTool extends Omit<Tool, 'run'> {
  readonly run: (args: ToolArgs, context: ToolContext, signal: AbortSignal) => Promise<ToolResult>;
}

/** How somebody is asked whether they take a caller, who waits meanwhile. */
export interface WarmTransfer {
  /** By a key, or by answering the telephone. */
  readonly accept: 'key' | 'answer';
  /** What they hear first, of who is waiting and why. */
  readonly summary: string;
  /** Said after it where a key is wanted. */
  readonly prompt: string;
  /** The address of what the caller hears meanwhile; undefined: silence. */
  readonly holdMusic?: string | undefined;
  /** How the provider speaks the two. */
  readonly voice?: string | undefined;
  readonly language?: string | undefined;
}

/** To whom a caller may be put through. */
export interface Destination {
  /** As the agent's file and the model call it. */
  readonly name: string;
  /** E.164 or a SIP URI. */
  readonly to: string;
  /** How long it may ring. */
  readonly timeoutSeconds: number;
  /** The number that is shown; undefined: the caller's. */
  readonly callerId?: string | undefined;
  /** A caller who came by SIP is sent there by their own telephone system. */
  readonly refer?: boolean | undefined;
  /** undefined: they have the caller as soon as they answer. */
  readonly warm?: WarmTransfer | undefined;
}

/** What the caller wants somebody to be told; from whom, and where they can be reached, as they said it. */
export interface TakenMessage {
  readonly text: string;
  readonly name?: string | undefined;
  readonly number?: string | undefined;
}

/** What the built-in tools have the phone call do. */
export interface CallActions {
  /**
   * When the agent's last words are heard, the call ends, or its caller is put through, unless they speak before that.
   * `speaking`: some of the words are being said already. undefined: it cannot be done now.
   */
  readonly leave: (to?: Destination) => { readonly speaking: boolean } | undefined;
  /** A machine has answered: the agent leaves the message and nothing else is said, or the call ends, once what is being said was heard. */
  readonly atMachine: (message: string | undefined) => void;
  /** Goes into the call's record. */
  readonly takeMessage: (message: TakenMessage) => void;
  /**
   * Presses keys for the other side, who is away meanwhile; resolves when they are back, with whether it was done. undefined: it cannot
   * be done now.
   */
  readonly sendKeys: (keys: string) => Promise<boolean> | undefined;
  /** What the caller entered by the keys last, also when it is secret; empty before. */
  readonly keys: () => string;
}

export type ToolArgs = Readonly<Record<string, unknown>>;

/** What the model is told. A result that says little is asked for again and again, so that these three are always there. */
export interface ToolResult {
  /** `ok`, or what stood in the way, in one word. */
  readonly status: string;
  /** Whether the same call may succeed, and do no harm, when it is made again. */
  readonly retryable: boolean;
  /** For the model: what it can tell the caller, or what to do next. */
  readonly message: string;
  readonly [more: string]: unknown;
}

export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the model waits for the answer; undefined: as the model does it by itself. */
  readonly behavior?: 'BLOCKING' | 'NON_BLOCKING' | undefined;
  /** When the model speaks of the answer, where it does not wait for it. */
  readonly scheduling?: 'SILENT' | 'WHEN_IDLE' | 'INTERRUPT' | undefined;
}

export interface Tool {
  readonly declaration: ToolDeclaration;
  /** Then the model is told that it takes too long, and the signal is raised. */
  readonly deadlineMs: number;
  /** Whether running it twice does something twice: then a repeated call gets the first one's result. */
  readonly sideEffect: boolean;
  /**
   * Whether it may be run again when nobody knows how it went: it has no side effect, or others recognise the repetition. Without
   * either, a repetition is meant, as of keys; and the model hears how it went even when it has cancelled it.
   */
  readonly mayRepeat: boolean;
  /** Names of the tools whose side effects it undoes: these are not repetitions any more when they come again. */
  readonly undoes?: readonly string[] | undefined;
  /** By what two calls are the same; undefined: by their arguments. */
  readonly businessKey?: ((args: ToolArgs, context: ToolContext) => string) | undefined;
  /** Its result when the other side, for whom it was having keys pressed, is back in another process than the one that ran it. */
  readonly broughtBack?: ((keysPressed: boolean) => ToolResult) | undefined;
  /** What is wrong with the arguments, for the model to mend; undefined when nothing is. */
  readonly check: (args: ToolArgs) => string | undefined;
  /**
   * Gives up when the signal is raised: its result is not waited for then. What it throws is logged, and not told to the model, but
   * the result of a ToolFault.
   */
  readonly run: (args: ToolArgs, context: ToolContext, signal: AbortSignal, call: CallActions) => Promise<ToolResult>;
}
