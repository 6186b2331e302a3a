/** What an agent asks of a Live session. The configuration satisfies this shape; `setup.ts` turns it into the wire's. */

/** What a Live model can take; a field it lacks is never sent. */
export interface LiveModelFeatures {
  readonly googleSearch: boolean;
  readonly functionCalling: boolean;
  readonly codeExecution: boolean;
  /** `generationConfig.enableAffectiveDialog`. */
  readonly affectiveDialog: boolean;
  /** `proactivity.proactiveAudio`. */
  readonly proactiveAudio: boolean;
  /** How thinking is set: `none` sends nothing. */
  readonly thinking: 'none' | 'level' | 'budget';
  /** Whether `realtimeInput.text` makes the model answer; otherwise a `clientContent` turn is used. */
  readonly realtimeText: boolean;
}

export interface TurnTaking {
  /** Who decides when the caller speaks: the model's own detection, or our energy gate (activityStart / activityEnd). */
  readonly detection: 'model' | 'local';
  /** Whether the caller's voice stops the agent. */
  readonly bargeIn: boolean;
  readonly startSensitivity: 'high' | 'low';
  readonly endSensitivity: 'high' | 'low';
  readonly prefixPaddingMs: number;
  readonly silenceMs: number;
  readonly coverage: 'activity' | 'allInput' | 'activityAndVideo';
}

export interface LiveSettings {
  readonly model: string;
  readonly features: LiveModelFeatures;
  readonly voice: string;
  /** BCP 47, or undefined to let the model follow the caller. */
  readonly language?: string | undefined;
  readonly instruction: string;
  readonly turnTaking: TurnTaking;
  readonly transcription: {
    readonly caller: boolean;
    readonly agent: boolean;
    /** Hints for recognition, BCP 47. */
    readonly languages: readonly string[];
    readonly vocabulary: readonly string[];
  };
  /** The sliding window; undefined leaves the model's window as a hard end. */
  readonly compression?:
    | { readonly triggerTokens?: number | undefined; readonly targetTokens?: number | undefined }
    | undefined;
  readonly sampling: {
    readonly temperature?: number | undefined;
    readonly topP?: number | undefined;
    readonly topK?: number | undefined;
    readonly maxOutputTokens?: number | undefined;
    readonly seed?: number | undefined;
    readonly presencePenalty?: number | undefined;
    readonly frequencyPenalty?: number | undefined;
  };
  readonly thinking?:
    | { readonly level?: 'minimal' | 'low' | 'medium' | 'high' | undefined; readonly budgetTokens?: number | undefined }
    | undefined;
  readonly affectiveDialog?: boolean | undefined;
  readonly proactiveAudio?: boolean | undefined;
  readonly googleSearch: boolean;
  readonly codeExecution: boolean;
  readonly functions?: readonly FunctionDeclaration[] | undefined;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly behavior?: 'BLOCKING' | 'NON_BLOCKING' | undefined;
  /** When the model speaks of the answer, where it does not wait for it. Goes with each answer. */
  readonly scheduling?: 'SILENT' | 'WHEN_IDLE' | 'INTERRUPT' | undefined;
}

/** Which service carries the session, and how we prove who we are. */
export type LiveBackend =
  | { readonly kind: 'developer'; readonly apiKey: string; readonly baseUrl?: string | undefined }
  | {
      readonly kind: 'vertex';
      readonly project: string;
      readonly location: string;
      /** A service-account key file; undefined uses the application default credentials. */
      readonly credentialsFile?: string | undefined;
      readonly baseUrl?: string | undefined;
    };
