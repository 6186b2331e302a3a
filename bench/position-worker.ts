/** A thread of its own for looking for speech: the phones' clocks must not wait for it. */
import { parentPort, workerData } from 'node:worker_threads';
import { placeSpeech } from './position.ts';

const { said, heard } = workerData as { readonly said: readonly Int16Array[]; readonly heard: Int16Array };
parentPort?.postMessage(placeSpeech(said, heard));
