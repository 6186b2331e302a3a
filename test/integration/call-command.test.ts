/** `callbridge call`: fixture calls that the service places, and in which it has others called, over real sockets. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type CallRecord, callRecordSchema } from '../../src/transcript/index.ts';
import { ownCommands } from '../support/own-commands.ts';
import { freePort } from '../support/redis.ts';
import { startReservations } from '../support/reservations.ts';

const ROOT = join(import.meta.dirname, '../..');
/** A real call, and processes that start and stop; on a busy machine three times that. */
const LONG = 60_000;

const commands = ownCommands();
const { start } = commands;

/** Of the one call that ended so. */
function recordOf(kind: string): CallRecord {
  const names = readdirSync(join(commands.folder, 'records'), { recursive: true, encoding: 'utf8' });
  const records = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => callRecordSchema.parse(JSON.parse(readFileSync(join(commands.folder, 'records', name), 'utf8'))))
    .filter(({ outcome }) => outcome.kind === kind);
  if (records.length !== 1)
    throw new Error(`${records.length} records of a call that was ${kind}: ${names.join(', ')}`);
  return records[0]!;
}

/** For the project's agents with the restaurant's service beside them, and for the phone that calls it. */
async function restaurant(): Promise<Record<string, string>> {
  const { replayed, stop } = await startReservations();
  onTestFinished(stop);
  const rest = `http://127.0.0.1:${await freePort()}`;
  return { ...replayed.env, CONFIG_DIR: replayed.configDir, TWILIO_API_BASE_URL: rest };
}

test('places a call that is ordered, to a phone that rings at callbridge call', { timeout: LONG }, async () => {
  const env = await restaurant();
  const { url } = await commands.simulated('voicemail', env);
  const call = start(['call', 'voicemail', '--url', url, '--out', join(commands.folder, 'heard.wav')], env);
  expect(await call.exited(), call.output()).toBe(0);
  expect(call.output()).toMatch(/\+15550188 calls \+15550113[\s\S]*the service hung up/);
  const record = await vi.waitFor(() => recordOf('completed'), { timeout: 5_000 });
  expect(record).toMatchObject({ direction: 'outbound', outcome: { by: 'machine' } });
  // One that is to be called places none, and where nobody is, neither.
  const other = await commands.simulated('question', { ...env, DATA_DIR: join(commands.folder, 'other') });
  const vain = start(['call', 'voicemail', '--url', other.url, '--out', join(commands.folder, 'heard.wav')], env);
  expect(await vain.exited()).toBe(2);
  expect(vain.output()).toMatch(/places no call \(404.*start it with --simulate voicemail/);
  const nowhere = start(['call', 'voicemail', '--url', `http://localhost:${await freePort()}`], env);
  expect(await nowhere.exited()).toBe(2);
  expect(nowhere.output()).toMatch(
    /No service answers at http:\/\/localhost:\d+: start it with --simulate voicemail\n$/,
  );
});

test('hears who is called hang up by Ctrl-C', { timeout: LONG }, async () => {
  const env = await restaurant();
  const { url } = await commands.simulated('voicemail', env);
  const call = start(['call', 'voicemail', '--url', url, '--out', join(commands.folder, 'heard.wav')], env);
  await call.says(/the call is answered/);
  call.child.kill('SIGINT');
  await call.exited();
  expect(call.output()).toMatch(/the caller hung up/);
  expect(call.output()).not.toMatch(/the agent speaks/);
});

test('fails when somebody else who was called cannot go by their script', { timeout: LONG }, async () => {
  const env = await restaurant();
  const { url } = await commands.simulated('transfer-warm', env);
  const fixture = join(commands.folder, 'impatient');
  cpSync(join(ROOT, 'fixtures/calls/transfer-warm'), fixture, { recursive: true });
  const file = join(fixture, 'call.yaml');
  const text = readFileSync(file, 'utf8').replaceAll('../../audio', join(ROOT, 'fixtures/audio'));
  writeFileSync(file, text.replace("- press: '1'", "- press: '1'\n        - { waitForHangUp: true, withinMs: 500 }"));
  const call = start(['call', fixture, '--url', url, '--out', join(commands.folder, 'heard.wav')], env);
  expect(await call.exited(), call.output()).toBe(1);
  expect(call.output()).toMatch(/✖ .*wait.*\n +A service with a simulated model.*--simulate impatient/);
});

test('has somebody else called, whose phone rings at callbridge call too', { timeout: LONG }, async () => {
  const env = await restaurant();
  const { url } = await commands.simulated('transfer-warm', env);
  const call = start(['call', 'transfer-warm', '--url', url, '--out', join(commands.folder, 'heard.wav')], env);
  await call.says(/the call is answered/);
  // Where the service asks for calls there is room for one such call; others go without.
  const second = start(['call', 'transfer-warm', '--url', url, '--out', join(commands.folder, 'second.wav')], env);
  expect(await second.exited()).toBe(2);
  expect(second.output()).toMatch(/Port \d+.* is taken.*transfer-warm needs it/);
  const third = start(['call', 'hang-up-mid-sentence', '--url', url, '--out', join(commands.folder, 'third.wav')], env);
  await third.says(/Port \d+.* is taken.*in this one.*[\s\S]*the call is answered/);
  third.child.kill('SIGINT');
  expect(await call.exited(), call.output()).toBe(0);
  expect(call.output()).toMatch(/\+15550166: <Say>: A guest complains that the soup was cold\./);
  const { outcome } = await vi.waitFor(() => recordOf('transferred'), { timeout: 5_000 });
  expect(outcome).toEqual({ kind: 'transferred', to: 'owner', warm: true });
});
