/** What the agent is told after a break, so that what was cut off is finished, and a question that was asked is answered. */
import type { CallAgent } from './call-agent.ts';
import { backAtMachine, KEYS_LOST } from './orders.ts';
import type { TakenUp } from './take-up.ts';

/** What a break left behind. */
export type Loose =
  /** The agent was still generating: the caller hears what had come, and the rest is missing. */
  | 'agentCut'
  /** The process that held the call is gone, and with it what the agent had not yet been heard to say. */
  | 'agentLost'
  /** The caller was the last to speak, and had not been answered. */
  | 'callerUnanswered';

type Left = Pick<TakenUp, 'loose' | 'machine' | 'notPutThrough' | 'keysLost'>;

const TEXTS: Readonly<Record<Loose, string>> = {
  agentCut:
    '[The connection broke while you were speaking. The caller heard you up to that point. Go on with your sentence from there: no greeting, no apology, and nothing twice.]',
  agentLost:
    '[The connection broke while you were speaking, and the caller may have missed your last sentence. Say that sentence again, without a greeting, and go on.]',
  callerUnanswered:
    '[The connection broke for a moment. Answer what the caller said last; if you did not hear all of it, ask for it again. No greeting, and no apology.]',
};

export class CarryOn {
  #loose: Loose | undefined;
  #news: string | undefined;
  #lost: string | undefined;
  #unheard = false;

  /** Another process had the call, and left this. */
  takenUp(
    { loose, machine, notPutThrough, keysLost }: Left,
    { keys, tools = [] }: Pick<CallAgent, 'keys' | 'tools'>,
  ): void {
    this.broken(loose);
    if (machine?.message !== undefined) this.happened(backAtMachine(machine.message));
    if (notPutThrough !== undefined) this.happened(notPutThrough);
    // One by one, the model knows them; those that are put together may be meant for tools.
    if (keysLost && keys !== undefined && tools.length > 0) this.lost(KEYS_LOST);
    this.unheard();
  }

  /** What the last break left; `undefined` when nothing was under way. Of two breaks in a row the first one counts. */
  broken(loose: Loose | undefined): void {
    this.#loose ??= loose;
  }

  /** Something that the agent cannot know, and is to be told whoever speaks. */
  happened(news: string): void {
    this.#news = news;
  }

  /** Something that the caller did in vain. A tool that needs it says so as well, if the caller has the turn now. */
  lost(what: string): void {
    this.#lost = what;
  }

  /** Somebody waits for what a break left behind, or is back and does not know why. */
  get owes(): boolean {
    return this.#loose !== undefined || this.hasNews;
  }

  get hasNews(): boolean {
    return this.#news !== undefined;
  }

  /** The agent is there again: what it is to be told. Whoever has begun to speak meanwhile has the turn. */
  mended(callerSpeaks: boolean): string | undefined {
    const loose = this.#loose;
    const news = this.#news;
    const lost = this.#lost;
    this.#loose = undefined;
    this.#news = undefined;
    this.#lost = undefined;
    const texts = callerSpeaks ? [news] : [news ?? (loose && TEXTS[loose]), lost];
    return texts.filter((text) => text !== undefined).join(' ') || undefined;
  }

  /** Nobody hears the caller, who may say something all the same, and wait for the answer. */
  unheard(): void {
    this.#unheard = true;
  }

  /** The caller is heard again; whether nobody heard before, so that nobody knows whose turn it is. */
  heardAgain(): boolean {
    const wasUnheard = this.#unheard;
    this.#unheard = false;
    return wasUnheard;
  }
}
