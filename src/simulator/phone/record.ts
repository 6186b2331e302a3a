/** <Record>: the caller leaves a message. https://www.twilio.com/docs/voice/twiml/record */
import { g711, type Pcm, rmsDbov, tone } from '../../audio/index.ts';
import { hearOut } from './announce.ts';
import { FRAME_MS, SOUND_DBOV } from './handset.ts';
import { type Journey, left, type Step } from './journey.ts';
import { sid } from './sid.ts';
import type { Verb } from './twiml.ts';

/** A message that the caller left. */
export interface Recording {
  readonly sid: string;
  readonly sound: Pcm<8000>;
}

type RecordVerb = Extract<Verb, { verb: 'record' }>;

const BEEP = { hz: 1_000, lengthMs: 500, dbov: -20 };
const RECORDINGS = 'https://api.twilio.com/2010-04-01/Accounts';

/** The service is asked with `Digits=hangup` too; a caller who says nothing at all is led to the next verb. */
export async function record(
  verb: RecordVerb,
  base: string,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<Step> {
  const { handset, facts, ids } = journey;
  if (verb.beep) {
    handset.playback.play(g711('ulaw').encode(tone(BEEP, 8000)));
    await hearOut(journey);
  }
  if (left(journey)) return 'next';
  const { sound, spoke, key } = await listen(verb, journey);
  if (!spoke) return 'next';
  const recording = { sid: sid('RE', ids), sound };
  journey.recorded(recording);
  handset.tell({ type: 'recorded', lengthMs: sound.length / 8 });
  const extra = {
    RecordingUrl: `${RECORDINGS}/${facts.accountSid}/Recordings/${recording.sid}`,
    RecordingSid: recording.sid,
    RecordingDuration: String(Math.ceil(sound.length / 8000)),
  };
  if (verb.statusCallback !== undefined) {
    await journey.tell(absolute(verb.statusCallback), {
      ...extra,
      RecordingStatus: 'completed',
      RecordingChannels: '1',
    });
  }
  const action = verb.action === undefined ? base : absolute(verb.action);
  if (handset.end) {
    await journey.tell(action, { ...extra, Digits: 'hangup' });
    return 'next';
  }
  return { ask: action, extra: { ...extra, Digits: key } };
}

interface Heard {
  readonly sound: Pcm<8000>;
  readonly spoke: boolean;
  /** The key that ended it; empty when none did. */
  readonly key: string;
}

async function listen(verb: RecordVerb, { handset, steering }: Journey): Promise<Heard> {
  const { signal } = steering;
  const { decode } = g711('ulaw');
  const frames: Uint8Array[] = [];
  let quietMs = 0;
  let spoke = false;
  let key = '';
  const detach = handset.attach({
    frame(ulaw) {
      frames.push(ulaw.slice());
      const loud = rmsDbov(decode(ulaw)) >= SOUND_DBOV;
      quietMs = loud ? 0 : quietMs + FRAME_MS;
      spoke ||= loud;
    },
    digit(digit) {
      if (verb.finishOnKeys.includes(digit)) key = digit;
    },
    ended: () => undefined,
  });
  const done = (): boolean =>
    signal.aborted || key !== '' || quietMs >= verb.silenceMs || frames.length * FRAME_MS >= verb.maxLengthMs;
  await handset.until(done);
  detach();
  return { sound: decode(Buffer.concat(frames)), spoke, key };
}
