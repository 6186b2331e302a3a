/** What a session tells, and to whom: one reader, who must be ready for everything. */
import type { Pcm } from '../audio/index.ts';
import type { Failure } from '../lib/index.ts';
import type { LiveGrounding } from './grounding.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ToolAnswer {
  readonly id: string;
  readonly name: string;
  readonly response: Readonly<Record<string, unknown>>;
  /** For a session that does not know the call, and would ignore its id without a word. */
  readonly asText?: string | undefined;
}

/** Tokens that one turn cost, as the service reports them. Modalities are lower case: text, audio, … */
export interface LiveUsage {
  readonly promptTokens: number;
  readonly responseTokens: number;
  readonly thoughtsTokens: number;
  readonly toolUseTokens: number;
  readonly cachedTokens: number;
  readonly totalTokens: number;
  readonly promptByModality: Readonly<Record<string, number>>;
  readonly responseByModality: Readonly<Record<string, number>>;
}

/** A turn of an earlier conversation, with which a fresh session is seeded. */
export interface SeedTurn {
  readonly speaker: 'caller' | 'agent';
  readonly text: string;
}

/** What a session tells its one reader, in the order in which the service said it. */
export interface LiveHandlers {
  /** Setup is complete: what is sent from now on is heard. Comes again after each resume, perhaps on another route. */
  ready(info: {
    readonly how: 'new' | 'resumed' | 'reseeded';
    readonly setupMs: number;
    readonly route: string;
    readonly model: string;
    readonly voice: string;
  }): void;
  /** The agent's voice as it is generated, faster than it is spoken. The chunk may be kept. */
  audio(chunk: Pcm<24000>): void;
  transcribed(piece: { readonly speaker: 'caller' | 'agent'; readonly text: string }): void;
  /** The service's own voice detection. Not every model reports it. */
  voiceActivity(edge: 'started' | 'ended'): void;
  /** The caller spoke over the agent: what is not yet played must not be. */
  bargedIn(): void;
  /** The agent's turn is generated to its end; it may still be playing. */
  generationCompleted(): void;
  turnCompleted(info: { readonly reason: string | undefined; readonly idle: boolean }): void;
  toolsCalled(calls: readonly ToolCall[]): void;
  toolsCancelled(ids: readonly string[]): void;
  /** Comes beside an answer for which something was looked up; may be empty, and may come again. */
  grounded(grounding: LiveGrounding): void;
  used(usage: LiveUsage): void;
  /** The service will close the socket in `timeLeftMs`. */
  leaving(timeLeftMs: number): void;
  /** A newer resumption handle; it is worth nothing on any other route. */
  handleRenewed(handle: string, route: string): void;
  /** The socket is gone. `resume()` may bring the session back when `recoverable`. */
  lost(failure: Failure, recoverable: boolean): void;
}
