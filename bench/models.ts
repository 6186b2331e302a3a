/** The bench's end of the process that simulates the models. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { ScenarioInput, SocketFault } from '../src/simulator/index.ts';
import type { NetworkFault } from './relay.ts';
import type { Answer, Order, SeenModel } from './simulators-wire.ts';

export interface Model {
  /** For GOOGLE_GEMINI_BASE_URL. */
  readonly url: string;
  /** What it does in connections that begin from now on. */
  become(scenario: ScenarioInput): Promise<void>;
  befall(fault: SocketFault): Promise<void>;
  network(fault: NetworkFault): Promise<void>;
  look(): Promise<SeenModel>;
  close(): Promise<void>;
}

export interface Models {
  open(scenario: ScenarioInput): Promise<Model>;
  close(): void;
}

export function startModels(): Models {
  const child: ChildProcess = fork(join(import.meta.dirname, 'simulators.js'), { serialization: 'advanced' });
  const waiting = new Map<number, (answer: Answer) => void>();
  let orders = 0;
  let names = 0;
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const fail = (error: string): void => {
    for (const [id, settle] of waiting) settle({ id, error });
    waiting.clear();
  };
  child.on('exit', (code) => fail(`the simulators ended with ${code}`));

  const ask = (method: Order['method'], model: string, argument?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++orders;
      waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(error))));
      child.send({ id, method, model, argument } satisfies Order, (error) => {
        if (error) fail(error.message);
      });
    });

  return {
    async open(scenario) {
      const name = `model-${++names}`;
      const url = (await ask('open', name, scenario)) as string;
      return {
        url,
        become: async (next) => void (await ask('become', name, next)),
        befall: async (fault) => void (await ask('befall', name, fault)),
        network: async (fault) => void (await ask('network', name, fault)),
        look: async () => (await ask('look', name)) as SeenModel,
        close: async () => void (await ask('close', name)),
      };
    },
    close: () => child.kill('SIGKILL'),
  };
}
