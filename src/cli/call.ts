/** `callbridge call`: a simulated phone call to any running service, in real time. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeWav } from '../audio/index.ts';
import { processEnv } from '../config/index.ts';
import { Failure } from '../lib/index.ts';
import {
  type CallResult,
  describePhoneEvent,
  type FixtureCall,
  isParty,
  listFixtures,
  loadFixture,
  type PhoneEvent,
  type ProviderHabits,
} from '../simulator/index.ts';
import { type Placed, placeFixture } from './place.ts';
import { SIMULATED_AUTH_TOKEN } from './simulated.ts';
import { FIXTURES } from './simulated-model.ts';

interface Options {
  readonly url: string;
  readonly publicUrl?: string;
  readonly authToken?: string;
  readonly accountSid?: string;
  readonly from?: string;
  readonly to?: string;
  readonly out: string;
  readonly fixtures: string;
  readonly list?: true;
  readonly whenBroken?: ProviderHabits['brokenStream']['leadsTo'];
}

export function callCommand(): Command {
  return new Command('call')
    .description('places a simulated phone call to a running service and writes what the caller heard')
    .argument('[fixture]', 'the name of a fixture call, or its folder')
    .option('--url <url>', 'where the service listens', origin, 'http://localhost:8080')
    .option(
      '--public-url <url>',
      "the service's PUBLIC_URL, over which requests are signed; default: $PUBLIC_URL, or --url",
      origin,
    )
    .option('--auth-token <token>', 'signs the requests; default: $TWILIO_AUTH_TOKEN, or that of `serve --simulate`')
    .option('--account-sid <sid>', 'whose call it is; default: $TWILIO_ACCOUNT_SID, or a made-up one')
    .option('--from <number>', "the caller's number; default: the fixture's")
    .option('--to <number>', "the number called; default: the fixture's", party)
    .addOption(
      new Option('--when-broken <what>', "where a stream that breaks leads to; default: the fixture's").choices([
        'action',
        'nextVerb',
        'secondStream',
        'nothing',
      ]),
    )
    .option('--out <file>', 'where to write what the caller heard', 'heard.wav')
    .option('--fixtures <directory>', 'where the fixture calls are', FIXTURES)
    .option('--list', 'lists the fixture calls')
    .action(async (name: string | undefined, options: Options) => {
      try {
        process.exitCode = await run(name, options);
      } catch (error) {
        if (!(error instanceof Failure || error instanceof InvalidArgumentError)) throw error;
        console.error(error.message);
        process.exitCode = 2;
      }
    });
}

/** The exit code: 0 when the call went by its script, 1 when it did not, 2 when there was nothing to call with. */
async function run(name: string | undefined, options: Options): Promise<number> {
  if (options.list) {
    for (const fixture of listFixtures(options.fixtures)) {
      console.log(`${fixture.padEnd(24)} ${loadFixture(join(options.fixtures, fixture)).title}`);
    }
    return 0;
  }
  const names = listFixtures(options.fixtures);
  if (name === undefined || !(names.includes(name) || existsSync(name))) {
    console.error(`Which fixture call? A folder of your own, or one of: ${names.join(', ')}`);
    return 2;
  }
  if (!existsSync(dirname(options.out))) {
    console.error(`--out ${options.out}: there is no such folder`);
    return 2;
  }
  const folder = names.includes(name) ? join(options.fixtures, name) : name;
  const fixture = chosen(loadFixture(folder), options);
  const { call, others } = await place(fixture, options);
  if (call.heard.length > 0) {
    writeFileSync(options.out, writeWav(call.heard, 8000));
    console.log(`\nwhat the caller heard, ${seconds(call.heard.length / 8)}: ${options.out}`);
  }
  return Math.max(...[call, ...others].map((result) => verdict(result, fixture.name)));
}

async function place(fixture: FixtureCall, options: Options): Promise<Placed> {
  const env = processEnv();
  const publicUrl = options.publicUrl ?? (env['PUBLIC_URL'] ? origin(env['PUBLIC_URL']) : options.url);
  const abort = new AbortController();
  const hangUp = (): void => abort.abort();
  process.once('SIGINT', hangUp);
  const { from, to } = fixture.phone;
  console.log(`${fixture.title}: ${from} calls ${to}\n`);
  try {
    return await placeFixture(fixture, {
      env,
      url: options.url,
      publicUrl,
      authToken: options.authToken ?? (env['TWILIO_AUTH_TOKEN'] || SIMULATED_AUTH_TOKEN),
      accountSid: options.accountSid ?? (env['TWILIO_ACCOUNT_SID'] || undefined),
      signal: abort.signal,
      onEvent: (event) => show(event),
      onOthersEvent: (event, number) => show(event, `${number}: `),
    });
  } finally {
    process.off('SIGINT', hangUp);
  }
}

/** The fixture with what was chosen otherwise. */
function chosen(fixture: FixtureCall, { from, to, whenBroken }: Options): FixtureCall {
  const { phone } = fixture;
  const brokenStream = { ...phone.habits.brokenStream, ...(whenBroken && { leadsTo: whenBroken }) };
  const habits = { ...phone.habits, brokenStream };
  return { ...fixture, phone: { ...phone, from: from ?? phone.from, to: to ?? phone.to, habits } };
}

/** Marks are left out: there are five a second, and a barge-in echoes dozens at once. */
function show(event: PhoneEvent, whose = ''): void {
  if (event.type === 'marked') return;
  console.log(`${seconds(event.atMs).padStart(9)}  ${whose}${describePhoneEvent(event)}`);
}

function verdict({ end, scriptFailure, warnings }: CallResult, fixture: string): number {
  if (end.how === 'failed') {
    console.error(`✖ the call failed: ${end.code} ${end.why}`);
    if (/answered 403/.test(end.why))
      console.error('  The signature was refused: check --auth-token and --public-url.');
    if (/ECONNREFUSED/.test(end.why))
      console.error(`  No service listens there: npm start -- --simulate ${fixture} in another terminal.`);
    return 1;
  }
  if (scriptFailure !== undefined) {
    console.error(`✖ ${scriptFailure}`);
    console.error(`  A service with a simulated model acts as in one call alone: for this one, --simulate ${fixture}.`);
    return 1;
  }
  if (end.how === 'rejected' || end.how === 'timeLimit') {
    console.error(`✖ the call ended: ${end.how}`);
    return 1;
  }
  for (const { code, why } of warnings) console.error(`✖ Twilio would warn: ${code} ${why}`);
  return warnings.length === 0 ? 0 : 1;
}

/** Nobody is called by a number without its plus. */
function party(value: string): string {
  if (!isParty(value)) throw new InvalidArgumentError('a number such as +15550199, or a sip: address, is wanted');
  return value;
}

/** The address without a slash at its end, as PUBLIC_URL has it. */
function origin(value: string): string {
  if (!URL.canParse(value) || !/^https?:/.test(value)) throw new InvalidArgumentError('an http or https URL is wanted');
  return value.replace(/\/+$/, '');
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
