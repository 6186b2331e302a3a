/** `npm run bench`: what a call costs, and how long its sound takes, beside a bare relay and a peer. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, makeCertificate } from './load/certificate.ts';
import { startHelper } from './load/helper.ts';
import { HELP, type Options, readOptions } from './load/options.ts';
import { writePage } from './load/page.ts';
import { LEGEND, report } from './load/report.ts';
import { limitOf, type Result } from './load/results.ts';
import { START, type SystemName, type SystemOptions } from './load/systems.ts';
import { type Measures, runTrial, type Trial } from './load/trial.ts';

const options = readOptions(process.argv.slice(2));
if (options === undefined) console.log(HELP);
else await main(options);

async function main(chosen: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-load-'));
  const certificate = chosen.tls.includes(true) ? makeCertificate(folder) : undefined;
  if (chosen.tls.includes(true) && certificate === undefined) throw new Error('openssl makes no certificate: --tls no');
  const results: Result[] = [];
  for (const tls of chosen.tls) await play(chosen, tls ? certificate : undefined, folder, results);
  if (chosen.json) console.log(JSON.stringify(results, null, 2));
  else console.log(`${report(results)}\n${LEGEND}`);
  if (chosen.write) writePage(results, chosen);
  if (chosen.cpuProf) {
    const profiles = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
    console.error(`profiles: ${profiles.map((name) => join(folder, name)).join(' ')}`);
  } else {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All rounds of one way to the endpoint. The systems take turns at each number of calls, so that all meet the same machine. */
async function play(
  { rounds, calls, systems, seconds, warmUpSeconds, cpuProf, serveArgs }: Options,
  certificate: Certificate | undefined,
  folder: string,
  results: Result[],
): Promise<void> {
  const tls = certificate !== undefined;
  /** Systems that will carry no more, from the first round on: all rounds then have the same trials. */
  const limits = new Map<SystemName, { readonly calls: number; readonly note: string }>();
  for (let round = 1; round <= rounds; round++) {
    for (const count of calls) {
      for (const system of systems) {
        const limit = limits.get(system);
        if (limit !== undefined && count > limit.calls) continue;
        const run = join(folder, `${tls ? 'tls' : 'plain'}-${round}-${count}-${system}`);
        const nodeArgs = cpuProf && system === 'service' ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
        const base = { tls, round, calls: count, system };
        try {
          const measures = await trialOf(
            system,
            { folder: run, nodeArgs, serveArgs, certificate },
            { calls: count, seconds, warmUpSeconds },
          );
          results.push({ ...base, measures });
          const note = limitOf(measures);
          if (note !== undefined && round === 1) limits.set(system, { calls: count, note });
          console.error(
            `round ${round}, ${tls ? 'TLS' : 'no TLS'}, ${count} calls, ${system}: ${briefly(measures)} ${note ?? ''}`,
          );
        } catch (error) {
          const note = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
          results.push({ ...base, measures: undefined, note });
          limits.set(system, { calls: count - 1, note });
          console.error(`round ${round}, ${count} calls, ${system}: ${note}`);
        }
      }
    }
  }
}

/** Everything is started anew, so that no trial has to do with the one before. */
async function trialOf(name: SystemName, options: Omit<SystemOptions, 'modelUrl'>, trial: Trial): Promise<Measures> {
  mkdirSync(options.folder);
  const endpoint = startHelper('endpoint.js');
  const phones = startHelper('phones.js');
  try {
    const modelUrl = await endpoint.ask<string>('listen', options.certificate);
    const system = await START[name]({ ...options, modelUrl });
    try {
      return await runTrial(system, endpoint, phones, trial);
    } finally {
      await system.stop();
    }
  } finally {
    endpoint.end();
    phones.end();
  }
}

function briefly({
  cpuMs,
  mbPerCall,
  upMs,
  downMs,
  coreShare,
  waitShare,
  phonesShare,
  endpointShare,
}: Measures): string {
  const ms = (value: number | undefined): string => value?.toFixed(2) ?? '–';
  const share = (value: number): string => `${(value * 100).toFixed(0)} %`;
  return `${cpuMs.toFixed(2)} ms a call-second, ${share(coreShare)} of a core (waiting ${share(waitShare)}, phones ${share(phonesShare)}, endpoint ${share(endpointShare)}), up ${ms(upMs.p50)} ms, down ${ms(downMs.p50)} ms, ${mbPerCall.toFixed(2)} MB a call`;
}
