/** `npm run bench:audio`: what the sound path does to tones, beside G.711 alone, linear interpolation and a peer. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { builtKernel } from '../src/audio/wasm-kernel.ts';
import { measure } from './audio/measures.ts';
import { peerSystem } from './audio/peer.ts';
import { asJson, type Findings, report, shortcomings } from './audio/report.ts';
import { callbridge, ideal, kernelDifference, linear } from './audio/systems.ts';
import { PEER } from './load/peer.ts';
import { ROOT } from './service.ts';
import { between } from './table.ts';

const PAGE = 'docs/audio-quality.md';
/** As the service has it: the bench's own build has none beside it. */
const KERNEL = pathToFileURL(join(ROOT, 'dist/audio/convolve.wasm'));

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    'no-peer': { type: 'boolean', default: false },
  },
});

const kernel = builtKernel(KERNEL);
if (kernel === undefined) throw new Error('there is no dist/audio/convolve.wasm: npm run build');
const peer = options['no-peer']
  ? undefined
  : await peerSystem()
      .then(measure)
      .catch((error: unknown) => `${PEER}: ${error instanceof Error ? error.message : error}`);

const findings: Findings = {
  ideal: measure(ideal),
  systems: [measure(callbridge(kernel)), measure(linear), ...(typeof peer === 'object' ? [peer] : [])],
  kernels: kernelDifference(kernel),
  peerMissing: typeof peer === 'string' ? peer : undefined,
};
console.log(options.json ? asJson(findings) : report(findings));

if (options.write) {
  if (typeof peer === 'object') writeFileSync(PAGE, between(readFileSync(PAGE, 'utf8'), 'audio', report(findings)));
  else console.error(`${PAGE} is left as it is, because the peer is missing`);
}
const missed = shortcomings(findings);
for (const miss of missed) console.error(`MISS: ${miss}`);
process.exitCode = missed.length === 0 ? 0 : 1;
