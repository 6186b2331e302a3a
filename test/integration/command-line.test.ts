/** What a user types: the built commands as processes of their own, over real sockets. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readWav } from '../../src/audio/index.ts';
import { callRecordSchema } from '../../src/transcript/index.ts';
import { ownCommands } from '../support/own-commands.ts';
import { freePort, startJsRedis } from '../support/redis.ts';
import { SHIPPED } from '../support/shipped.ts';

const commands = ownCommands();
const { start } = commands;

function onlyRecord() {
  const names = readdirSync(join(commands.folder, 'records'), { recursive: true, encoding: 'utf8' });
  const json = names.filter((name) => name.endsWith('.json'));
  if (json.length !== 1 || !names.some((name) => name.endsWith('.vtt')))
    throw new Error(`records: ${names.join(', ')}`);
  return callRecordSchema.parse(JSON.parse(readFileSync(join(commands.folder, 'records', json[0]!), 'utf8')));
}

/** A real call, and processes that start and stop; on a busy machine three times that. */
const LONG = 60_000;

describe('callbridge serve', () => {
  test('without any settings reports all that is missing at once, and does not listen', async () => {
    const service = start(['serve']);
    expect(await service.exited()).toBe(2);
    for (const name of ['PUBLIC_URL', 'TWILIO_AUTH_TOKEN', 'GEMINI_API_KEY']) expect(service.output()).toContain(name);
    expect(service.output()).not.toContain('    at ');
  });

  test.each([
    ['2', /--processes 2 needs Redis.*set REDIS_URL/],
    ['0', /a number from 1 to 64 is wanted/],
    ['65', /a number from 1 to 64 is wanted/],
    ['all', /a number from 1 to 64 is wanted/],
  ])('refuses --processes %s, and says why', async (count, why) => {
    const service = start(['serve', '--simulate', '--processes', count], { DATA_DIR: commands.folder });
    expect(await service.exited()).not.toBe(0);
    expect(service.output()).toMatch(why);
    expect(service.output()).not.toContain('    at ');
  });

  test('says once that the port is taken also when it is to be several processes', async () => {
    const { url } = await commands.simulated('question');
    const second = start(['serve', '--simulate', '--processes', '2'], {
      PORT: new URL(url).port,
      DATA_DIR: join(commands.folder, 'second'),
      // Nobody need answer there: a service starts without it.
      REDIS_URL: 'redis://127.0.0.1:1',
    });
    expect(await second.exited()).toBe(2);
    expect(second.output().match(/The port is taken/g)).toHaveLength(1);
    expect(second.output()).not.toMatch(/Call it from another terminal/);
  });

  test('says which port is taken, what to set, and how to call it only once it can be called', async () => {
    const { url, service } = await commands.simulated('question');
    await service.says(/Call it from another terminal:\s+npm run callbridge -- call question --url http/);
    const second = start(['serve', '--simulate'], {
      PORT: new URL(url).port,
      DATA_DIR: join(commands.folder, 'second'),
    });
    expect(await second.exited()).toBe(2);
    expect(second.output()).toMatch(/The port is taken: set PORT to another one/);
    expect(second.output()).not.toMatch(/Call it from another terminal/);
  });

  test('says how to call it once the first of several processes serves', async () => {
    const redis = await startJsRedis();
    onTestFinished(() => redis.stop());
    const env = { PORT: `${await freePort()}`, DATA_DIR: commands.folder, REDIS_URL: redis.url };
    const service = start(['serve', '--simulate', '--processes', '2', '--grace', '1'], env);
    await service.says(/Call it from another terminal/);
    await service.says(/"msg":"a process serves"/);
    service.child.kill('SIGINT');
    expect(await service.exited(), service.output()).toBe(0);
  });

  test('asks whether -- was forgotten when npm has taken its option', async () => {
    const service = start(['serve', 'menu']);
    expect(await service.exited()).toBe(1);
    expect(service.output()).toMatch(
      /too many arguments.*\nDid you forget -- after npm start\? npm start -- --simulate/,
    );
  });

  test('says at a terminal how to leave at once', async () => {
    const { service } = await commands.simulated('question');
    await service.says(/Call it from another terminal/);
    service.child.kill('SIGINT');
    expect(await service.exited(), service.output()).toBe(0);
    expect(service.output()).toContain('Ctrl+C again leaves at once');
  });

  test.each([
    [{ HOST: '192.0.2.1' }, /set HOST/],
    [{ DATA_DIR: join(import.meta.dirname, 'command-line.test.ts') }, /set DATA_DIR/],
  ])('says what to do when it cannot start with %o', async (env, remedy) => {
    const service = start(['serve', '--simulate'], { PORT: `${await freePort()}`, DATA_DIR: commands.folder, ...env });
    expect(await service.exited()).toBe(2);
    expect(service.output()).toMatch(remedy);
    expect(service.output()).not.toContain('    at ');
  });

  test('takes a call from start to record, tells how it is, and stops when told', { timeout: LONG }, async () => {
    const { service, url } = await commands.simulated('hang-up-mid-sentence');
    const status = async (path: string): Promise<number> => (await fetch(url + path)).status;
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200]);

    const heard = join(commands.folder, 'heard.wav');
    const call = start(['call', 'hang-up-mid-sentence', '--url', url, '--out', heard]);
    expect(await call.exited(), call.output()).toBe(0);
    expect(call.output()).toMatch(/the agent speaks/);
    const { rateHz, samples } = readWav(readFileSync(heard));
    expect(rateHz).toBe(8000);
    expect(samples.length).toBeGreaterThan(4 * 8000);
    expect(samples.some((sample) => Math.abs(sample) > 3_000)).toBe(true);

    const record = await vi.waitFor(onlyRecord, { timeout: 10_000 });
    expect(record.outcome.kind).toBe('callerGone');
    expect(record.lines).toHaveLength(1);
    expect(record.lines[0]?.heardText).toMatch(/^We are open from Monday/);

    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/callbridge_calls_total\{agent="reception",outcome="callerGone",fault="",code=""\} 1/);
    expect(metrics).toMatch(/callbridge_calls_active\{agent="reception"\} 0/);

    service.child.kill('SIGTERM');
    expect(await service.exited(), service.output()).toBe(0);
    expect(service.output()).not.toContain('Ctrl+C');
    expect(
      readdirSync(join(commands.folder, 'journals'), { recursive: true, encoding: 'utf8' }).filter((n) =>
        n.endsWith('.jsonl'),
      ),
    ).toEqual([]);
    // Personal data stands under keys that say so, secrets nowhere.
    const withoutPii = service.output().replace(/"pii\w*":"[^"]*"/g, '');
    expect(service.output()).toContain('"piiFrom":"+15550103"');
    expect(withoutPii).not.toContain('+15550103');
    expect(service.output()).not.toContain('simulated-auth-token');
  });

  test('refuses a phone that does not sign with its token', async () => {
    const { url } = await commands.simulated('question');
    const call = start(['call', 'question', '--url', url, '--auth-token', 'another']);
    expect(await call.exited()).toBe(1);
    expect(call.output()).toMatch(/403/);
    expect(call.output()).toMatch(/--auth-token/);
  });
});

describe('callbridge call', () => {
  test('says how to start a service where none listens', async () => {
    const call = start(['call', 'question', '--url', `http://localhost:${await freePort()}`]);
    expect(await call.exited()).toBe(1);
    expect(call.output()).toMatch(/ECONNREFUSED.*\n {2}No service listens there: npm start -- --simulate question in/);
  });

  test('calls no number without its plus', async () => {
    const call = start(['call', 'question', '--to', '15550199']);
    expect(await call.exited()).toBe(1);
    expect(call.output()).toMatch(/'15550199' is invalid\. a number such as \+15550199/);
  });
});

test('callbridge worker does the work of a service that queues in Redis', { timeout: LONG }, async () => {
  const redis = await startJsRedis();
  try {
    const env = { REDIS_URL: redis.url, DATA_DIR: commands.folder };
    const { url } = await commands.simulated('hang-up-mid-sentence', env);
    const call = start(['call', 'hang-up-mid-sentence', '--url', url, '--out', join(commands.folder, 'heard.wav')]);
    expect(await call.exited(), call.output()).toBe(0);
    expect(() => onlyRecord()).toThrow();
    const worker = start(['worker', '--port', '0'], env);
    const record = await vi.waitFor(onlyRecord, { timeout: 15_000 });
    expect(record.lines).toHaveLength(1);
    const shown = `http://127.0.0.1:${/"port":(\d+),"msg":"metrics are shown"/.exec(worker.output())![1]}`;
    expect(await (await fetch(`${shown}/healthz`)).json()).toEqual({ status: 'alive' });
    await vi.waitFor(async () => {
      expect(await (await fetch(`${shown}/metrics`)).text()).toMatch(/^callbridge_jobs_total\{.*\} 1$/m);
    });
    const second = start(['worker', '--port', new URL(shown).port], env);
    expect(await second.exited()).toBe(2);
    expect(second.output()).toContain('The port is taken: set --port to another one');
    worker.child.kill('SIGTERM');
    expect(await worker.exited(), worker.output()).toBe(0);
  } finally {
    await commands.stop();
    await redis.stop();
  }
});

test('callbridge demo plays a call to agents of the user, whichever number and formats they have', async () => {
  const config = join(commands.folder, 'config');
  cpSync(join(SHIPPED, 'config'), config, { recursive: true });
  const agent = join(config, 'agents/reception.yaml');
  const own = readFileSync(agent, 'utf8')
    .replace(/^default: true$/m, 'answers: ["+15550777"]')
    .replace('formats: [json, text, vtt]', 'formats: [text]');
  writeFileSync(agent, own);
  const demo = start(['demo', 'hang-up-mid-sentence', '--data', join(commands.folder, 'demo')], { CONFIG_DIR: config });
  expect(await demo.exited(), demo.output()).toBe(0);
  expect(demo.output()).toMatch(/with a simulated model/);
  expect(demo.output()).toMatch(/agent: We are open from Monday/);
  for (const ending of ['json', 'txt', 'vtt', 'wav']) expect(demo.output()).toMatch(new RegExp(`CA\\w+\\.${ending}`));
});

test('callbridge demo ends when the configuration is wrong', async () => {
  const demo = start(['demo', '--data', join(commands.folder, 'demo')], { CONFIG_DIR: commands.folder });
  expect(await demo.exited()).toBe(2);
  expect(demo.output()).toMatch(/models\.yaml/);
});

test('callbridge demo reports wrong credentials, and simulates nothing', async () => {
  const demo = start(['demo', '--data', join(commands.folder, 'demo')], { GOOGLE_GENAI_USE_VERTEXAI: 'true' });
  expect(await demo.exited()).toBe(2);
  expect(demo.output()).toContain('GOOGLE_CLOUD_LOCATION');
});

test('callbridge without a command lists them all, and an unknown one is an error', async () => {
  const help = start(['--help']);
  expect(await help.exited()).toBe(0);
  for (const command of ['serve', 'worker', 'call', 'simulate', 'demo', 'doctor', 'models']) {
    expect(help.output()).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
  }
  expect(await start(['sing']).exited()).toBe(1);
});

test('callbridge demo ends when a service is not there that an agent needs', async () => {
  const env = {
    RESERVATIONS_KEY: 'key',
    RESERVATIONS_SECRET: `whsec_${'A'.repeat(32)}`,
    CONFIG_DIR: join(commands.folder, 'config'),
  };
  cpSync(join(SHIPPED, 'config'), env.CONFIG_DIR, { recursive: true });
  const file = join(env.CONFIG_DIR, 'agents/restaurant.yaml');
  const host = `127.0.0.1:${await freePort()}`;
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('127.0.0.1:8091', host));
  const demo = start(['demo', 'book-a-table', '--data', join(commands.folder, 'demo')], env);
  expect(await demo.exited()).toBe(2);
  expect(demo.output()).toMatch(/✖ \S+restaurant\.yaml:\d+ mcpServers\.wishes: http:/);
  expect(demo.output()).toContain(`http://${host} cannot be reached (ECONNREFUSED): start it first`);
});

test('callbridge demo says why a call cannot be played whose agent is left out', async () => {
  const demo = start(['demo', 'book-a-table', '--data', join(commands.folder, 'demo')]);
  expect(await demo.exited()).toBe(2);
  expect(demo.output()).toMatch(/book-a-table uses find_tables, book_table, and reception has no such tool/);
  expect(demo.output()).toMatch(/restaurant\.yaml:\d+ needs: set RESERVATIONS_KEY, RESERVATIONS_SECRET: /m);
});
