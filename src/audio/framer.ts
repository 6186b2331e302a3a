/** Cuts sound into frames of one length, whatever the chunks that it comes in. */
import { type Pcm, pcm } from './pcm.ts';

export interface Framer<RateHz extends number> {
  /** Calls `emit` for every frame that is now complete. A frame is only valid inside the call: copy it to keep it. */
  readonly push: (input: Pcm<RateHz>, emit: (frame: Pcm<RateHz>) => void) => void;
  /** Emits what is left, if anything is, filled up with silence: every frame that ever leaves has the same length. */
  readonly flush: (emit: (frame: Pcm<RateHz>) => void) => void;
  /** Forgets what is left. */
  readonly reset: () => void;
}

export function createFramer<RateHz extends number>(rateHz: RateHz, frameMs: number): Framer<RateHz> {
  const length = (rateHz * frameMs) / 1_000;
  if (!Number.isInteger(length) || length < 1) {
    throw new TypeError(`${frameMs} ms at ${rateHz} Hz are not a whole number of samples`);
  }
  const rest = pcm(new Int16Array(length), rateHz);
  let restLength = 0;

  return {
    push: (input, emit) => {
      let at = 0;
      while (at < input.length) {
        const wanted = length - restLength;
        if (restLength === 0 && input.length - at >= length) {
          // Mostly the whole of it: a view is dearer than what is done with it.
          emit(input.length === length ? input : pcm(input.subarray(at, at + length), rateHz));
        } else {
          const part = input.subarray(at, at + wanted);
          rest.set(part, restLength);
          restLength += part.length;
          if (restLength === length) {
            restLength = 0;
            emit(rest);
          }
        }
        at += wanted;
      }
    },
    flush: (emit) => {
      if (restLength === 0) return;
      rest.fill(0, restLength);
      restLength = 0;
      emit(rest);
    },
    reset: () => {
      restLength = 0;
    },
  };
}
