/** What may be asked of the load bench on its command line. */
import { parseArgs } from 'node:util';
import type { SystemName } from './systems.ts';

export interface Options {
  readonly calls: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly systems: readonly SystemName[];
  readonly tls: readonly boolean[];
  readonly json: boolean;
  readonly write: boolean;
  readonly cpuProf: boolean;
  /** For `callbridge serve`. */
  readonly serveArgs: readonly string[];
}

export const HELP = `npm run bench -- [options]

Phones, a Live endpoint and the service, all on this machine: what a call costs, how long sound takes, and the same for a
bare relay that does not transcode (floor) and for twilio-realtime-agents (peer), in turn within each round.

  --calls 1,50,100,200,400   how many calls at once; a system climbs no further once it, or the bench, is at its limit
  --rounds 3                 medians are taken over them, ratios within each
  --seconds 15               how long each trial is measured
  --warm-up 15               how long it runs before: until the compiler has nothing left to do
  --only service,floor,peer  some of the systems
  --tls yes|no|both          towards the endpoint; yes needs openssl
  --json                     the measures of every trial, instead of the table
  --write                    puts table and plot into docs/performance.md and docs/performance.svg
  --cpu-prof                 has the service write a CPU profile for each trial, and says where; it costs CPU itself
  --serve "--option value"   further options for callbridge serve
`;

const SYSTEMS: readonly SystemName[] = ['service', 'floor', 'peer'];
const TLS: Readonly<Record<string, readonly boolean[]>> = { yes: [true], no: [false], both: [true, false] };

/** Undefined when help was asked for. Throws what is wrong with them. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: 'string', default: '1,50,100,200,400' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '15' },
      'warm-up': { type: 'string', default: '15' },
      only: { type: 'string', default: SYSTEMS.join(',') },
      tls: { type: 'string', default: 'yes' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      'cpu-prof': { type: 'boolean', default: false },
      serve: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const tls = TLS[values.tls];
  if (tls === undefined) throw new Error('--tls is yes, no or both');
  const only = values.only.split(',');
  const unknown = only.find((name) => !SYSTEMS.some((system) => system === name));
  if (unknown !== undefined) throw new Error(`--only takes ${SYSTEMS.join(', ')}; not ${unknown}`);
  return {
    calls: values.calls.split(',').map((calls) => whole(calls, '--calls')),
    rounds: whole(values.rounds, '--rounds'),
    seconds: whole(values.seconds, '--seconds'),
    warmUpSeconds: whole(values['warm-up'], '--warm-up'),
    systems: SYSTEMS.filter((system) => only.includes(system)),
    tls,
    json: values.json,
    write: values.write,
    cpuProf: values['cpu-prof'],
    serveArgs: values.serve.split(' ').filter(Boolean),
  };
}

function whole(text: string, name: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${name} takes whole numbers from 1 to 9999, not ${text}`);
  return Number(text);
}
