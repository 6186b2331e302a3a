/** What an agent's caller gets when nobody can speak with them: the agent's settings as TwiML, and the doors it leads to. */
import type { RingingCall } from '../call/index.ts';
import { type GoodbyeOptions, goodbyeTwiml, rejectTwiml, type Spoken, type TwilioAccount } from '../telephony/index.ts';
import { APOLOGY_NAME, soundPath } from './sounds.ts';

export const TRANSFER_ENDED_PATH = '/twilio/transfer-ended';
export const VOICEMAIL_ENDED_PATH = '/twilio/voicemail-ended';
export const RECORDING_PATH = '/twilio/recording';

/** An agent's own goodbye. Without words of its own it has those of the service. */
export interface Goodbye {
  readonly say?: string | undefined;
  /** In place of `say`; served by its name. */
  readonly recording?: { readonly name: string } | undefined;
  /** How Twilio speaks what is said. */
  readonly voice?: string | undefined;
  readonly language?: string | undefined;
  readonly transfer?:
    | { readonly to: string; readonly timeoutSeconds: number; readonly callerId?: string | undefined }
    | undefined;
  readonly voicemail?: { readonly prompt: string; readonly maxSeconds: number } | undefined;
}

export interface Goodbyes {
  /** For a caller who is on the line; `heard`: the words were said already. */
  whole(agent: string | undefined, heard?: boolean): string;
  /** For a caller who came when no line was free. */
  busy(agent: string | undefined): string;
  /** For a number that no agent answers. */
  unknown(agent: string | undefined): string;
  /** The words alone: nobody else answered. */
  words(agent: string | undefined, heard?: boolean): string;
}

/** Who was called has answered already, and did not want to speak with anybody else, nor with a tape. */
export function goodbyesFor(direction: RingingCall['direction'], goodbyes: Goodbyes): Goodbyes {
  const { words } = goodbyes;
  return direction === 'inbound' ? goodbyes : { whole: words, busy: words, unknown: words, words };
}

/** `goodbyeOf` knows the goodbye of an agent by its name, and of any other name the default agent's. */
export function createGoodbyes(
  { publicUrl }: TwilioAccount,
  goodbyeOf: (agent: string | undefined) => Goodbye | undefined,
): Goodbyes {
  const wordsOf = (goodbye: Goodbye | undefined): GoodbyeOptions['words'] => {
    if (goodbye?.say !== undefined) return { say: spoken(goodbye, goodbye.say) };
    return { playUrl: publicUrl + soundPath(goodbye?.recording?.name ?? APOLOGY_NAME) };
  };
  /** Who or what takes the caller up; undefined when nobody does. */
  const othersFor = (
    agent: string | undefined,
    goodbye: Goodbye | undefined,
  ): Omit<GoodbyeOptions, 'words'> | undefined => {
    const { transfer, voicemail } = goodbye ?? {};
    const query = agent === undefined ? '' : `?agent=${encodeURIComponent(agent)}`;
    if (transfer !== undefined) {
      return { transfer: { ...transfer, actionUrl: publicUrl + TRANSFER_ENDED_PATH + query } };
    }
    if (goodbye === undefined || voicemail === undefined) return undefined;
    return {
      voicemail: {
        prompt: spoken(goodbye, voicemail.prompt),
        maxSeconds: voicemail.maxSeconds,
        actionUrl: publicUrl + VOICEMAIL_ENDED_PATH,
        recordingUrl: publicUrl + RECORDING_PATH,
      },
    };
  };
  const whole = (agent: string | undefined, heard = false): string => {
    const goodbye = goodbyeOf(agent);
    return goodbyeTwiml({ words: heard ? undefined : wordsOf(goodbye), ...othersFor(agent, goodbye) });
  };
  return {
    whole,
    busy: (agent) => {
      const others = othersFor(agent, goodbyeOf(agent));
      return others === undefined ? rejectTwiml('busy') : goodbyeTwiml(others);
    },
    unknown: (agent) => (goodbyeOf(agent) === undefined ? rejectTwiml('rejected') : whole(agent)),
    words: (agent, heard = false) => goodbyeTwiml({ words: heard ? undefined : wordsOf(goodbyeOf(agent)) }),
  };
}

const spoken = ({ voice, language }: Goodbye, text: string): Spoken => ({ text, voice, language });
