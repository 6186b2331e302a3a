/** `callbridge simulate`: the Live simulator alone, for a service or any other client to talk to. */
import { once } from 'node:events';
import { Command } from 'commander';
import { systemClock } from '../lib/index.ts';
import {
  DEFAULT_SCENARIO,
  describeSessionEvent,
  type LiveSimulatorServer,
  readScenario,
  startLiveSimulator,
} from '../simulator/index.ts';
import { portNumber } from './port-number.ts';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly scenario?: string;
  readonly text?: true;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('serves a simulated Gemini Live until it is interrupted')
    .option('--port <port>', 'where to listen; 0 for any free port', portNumber, 8090)
    .option('--host <address>', 'on which of this machine’s addresses', '127.0.0.1')
    .option('--scenario <file>', 'what the model does, as YAML; default: it greets, and always answers the same')
    .option('--text', 'sends text frames, as Vertex AI is said to, rather than binary ones')
    .action(async (options: Options) => {
      try {
        const simulator = await start(options);
        printWelcome(simulator);
        await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
        await simulator.close();
      } catch (error) {
        console.error(error instanceof Error ? error.message : String(error));
        process.exitCode = 2;
      }
    });
}

/** Rejects with an Error for people, such as about a scenario that is none or a port that is taken. */
function start({ scenario, port, host, text }: Options): Promise<LiveSimulatorServer> {
  return startLiveSimulator({
    clock: systemClock,
    scenario: scenario === undefined ? DEFAULT_SCENARIO : readScenario(scenario),
    port,
    host,
    binaryFrames: text !== true,
    watch: (event, session) => print(`${session.id.slice(0, 8)}  ${describeSessionEvent(event)}`),
    refused: ({ code, reason }) => print(`refused   ${code} ${reason}`),
  });
}

function printWelcome({ url }: LiveSimulatorServer): void {
  console.log(`The simulated Gemini Live listens on ${url}. To talk to it, set:

  GOOGLE_GEMINI_BASE_URL=${url}
  GEMINI_API_KEY=any

or, for Vertex AI, GOOGLE_VERTEX_BASE_URL=${url}. Ctrl+C ends it.
`);
}

function print(line: string): void {
  const time = new Date(systemClock.nowMs()).toISOString().slice(11, 23);
  console.log(`${time}  ${line}`);
}
