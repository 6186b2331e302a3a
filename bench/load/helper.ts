/** A process of the bench's own that is given orders and answers them: the endpoint, and the phones. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

export interface Helper {
  readonly pid: number;
  /** Rejects with the process's own words, or when it is gone. */
  ask<Result>(order: string, argument?: unknown): Promise<Result>;
  /** It ends when nobody can give it orders any more. */
  end(): void;
}

interface Order {
  readonly id: number;
  readonly order: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export function startHelper(file: string, env: Readonly<Record<string, string>> = {}): Helper {
  const child: ChildProcess = fork(join(import.meta.dirname, file), {
    serialization: 'advanced',
    env: { ...process.env, ...env },
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  let orders = 0;
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  child.on('exit', (code) => {
    for (const [id, settle] of waiting) settle({ id, error: `${file} ended with ${code}` });
    waiting.clear();
  });
  return {
    pid: child.pid!,
    ask: <Result>(order: string, argument?: unknown) =>
      new Promise<Result>((resolve, reject) => {
        const id = ++orders;
        waiting.set(id, ({ result, error }) =>
          error === undefined ? resolve(result as Result) : reject(new Error(error)),
        );
        child.send({ id, order, argument } satisfies Order);
      }),
    end: () => child.disconnect(),
  };
}

/** The helper's side. It ends with its parent. */
export function takeOrders(orders: Readonly<Record<string, (argument: never) => unknown>>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async ({ id, order, argument }: Order) => {
    try {
      const result = await orders[order]!(argument as never);
      process.send!({ id, result } satisfies Answer);
    } catch (error) {
      process.send!({ id, error: error instanceof Error ? error.message : String(error) } satisfies Answer);
    }
  });
}

/** The monotonic clock that all processes of a Linux machine share, in ms. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1_000_000;
