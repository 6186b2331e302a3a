// Assembles src/audio/convolve.wat to dist/audio/convolve.wasm.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('../src/audio/convolve.wat', import.meta.url);
const target = new URL('../dist/audio/convolve.wasm', import.meta.url);

const { parseWat } = await wabt();
const module = parseWat('convolve.wat', readFileSync(source, 'utf8'), { simd: true });
mkdirSync(new URL('.', target), { recursive: true });
writeFileSync(target, module.toBinary({}).buffer);
