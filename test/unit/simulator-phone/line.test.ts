/** The phone's media stream does what Twilio does: telephony reference A2 to A4, A6. */
import { describe, expect, test } from 'vitest';
import { type GivenLine, givenLine, loud } from './given.ts';

const sid = (kind: string, rest: string): string => kind + rest.padStart(32, '0');
const STREAM_SID = sid('MZ', '40008000000000000001');

const echoes = (given: GivenLine): [name: string, atMs: number][] =>
  given.receivedOf('mark').map(({ message, atMs }) => [(message['mark'] as { name: string }).name, atMs]);
const howMarked = (given: GivenLine): string[] =>
  given.events.flatMap((event) => (event.type === 'marked' ? [`${event.name} ${event.how}`] : []));

describe('what the phone sends', () => {
  test('a stream begins with connected and start, and the parameters are in start', () => {
    const given = givenLine({ parameters: { token: 'abc' } });
    given.clock.tick(0);
    expect(given.line.streamSid).toMatch(/^MZ[0-9a-f]{32}$/);
    expect(given.received.map(({ message }) => message)).toEqual([
      { event: 'connected', protocol: 'Call', version: '1.0.0' },
      {
        event: 'start',
        sequenceNumber: '1',
        start: {
          accountSid: sid('AC', ''),
          streamSid: STREAM_SID,
          callSid: sid('CA', ''),
          tracks: ['inbound'],
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
          customParameters: { token: 'abc' },
        },
        streamSid: STREAM_SID,
      },
    ]);
  });

  test('160 bytes go out every 20 ms, silence as 0xFF, numbered as decimal strings', () => {
    const given = givenLine();
    given.clock.tick(60);
    const silence = Buffer.alloc(160, 0xff).toString('base64');
    expect(given.receivedOf('media')).toEqual(
      [1, 2, 3].map((n) => ({
        atMs: 20 * n,
        message: {
          event: 'media',
          sequenceNumber: String(n + 1),
          media: { track: 'inbound', chunk: String(n), timestamp: String(20 * (n - 1)), payload: silence },
          streamSid: STREAM_SID,
        },
      })),
    );
  });

  test('a late timer is made up for, so that the schedule never drifts', () => {
    const given = givenLine();
    const { clock } = given;
    // A timer that oversleeps: each is set 7 ms too late.
    const after = clock.after.bind(clock);
    clock.after = (delayMs, run) => after(delayMs > 0 ? delayMs + 7 : 0, run);
    clock.tick(10_000);
    expect(given.receivedOf('media').length).toBeGreaterThanOrEqual(499);
  });

  test('what the caller says goes out whole, in order, the last frame filled with silence', async () => {
    const given = givenLine();
    const first = given.handset.say(Uint8Array.from({ length: 200 }, () => 1));
    const second = given.handset.say(Uint8Array.from({ length: 50 }, () => 2));
    await given.clock.advance(60);
    expect(await Promise.all([first, second])).toEqual([true, true]);
    const sent = Buffer.concat(
      given
        .receivedOf('media')
        .map(({ message }) => Buffer.from((message['media'] as { payload: string }).payload, 'base64')),
    );
    expect(sent.equals(Buffer.from([...Array(200).fill(1), ...Array(50).fill(2), ...Array(230).fill(0xff)]))).toBe(
      true,
    );
  });

  test('a pressed key is one dtmf message on the inbound track', () => {
    const given = givenLine();
    given.handset.press('#');
    given.clock.tick(0);
    expect(given.receivedOf('dtmf').map(({ message }) => message)).toEqual([
      { event: 'dtmf', streamSid: STREAM_SID, sequenceNumber: '2', dtmf: { track: 'inbound_track', digit: '#' } },
    ]);
  });

  test('hanging up sends stop and closes the socket with 1000, and nothing is left armed', async () => {
    const given = givenLine();
    let closed: number | undefined;
    given.serviceSocket.on('close', (code: number) => {
      closed = code;
    });
    await given.clock.advance(40);
    given.handset.finish({ how: 'callerHungUp' });
    await given.clock.advance(1_000);
    expect(given.received.at(-1)?.message).toEqual({
      event: 'stop',
      sequenceNumber: '4',
      stop: { accountSid: sid('AC', ''), callSid: sid('CA', '') },
      streamSid: STREAM_SID,
    });
    expect(closed).toBe(1000);
    expect(await given.line.whenEnded).toEqual({ how: 'stopped' });
    expect(given.clock.armed).toBe(0);
  });

  test('a service that never answers the close is cut off after two seconds', async () => {
    const given = givenLine();
    given.phoneSocket.close = () => undefined;
    let cut = false;
    given.phoneSocket.terminate = () => {
      cut = true;
    };
    given.handset.finish({ how: 'callerHungUp' });
    await given.clock.advance(1_999);
    expect(cut).toBe(false);
    await given.clock.advance(1);
    expect(cut).toBe(true);
  });

  test('a service that does not read is warned of once, with 31930, and loses sound', () => {
    const given = givenLine();
    given.phoneSocket.bufferedAmount = 1_000_000;
    given.clock.tick(100);
    expect(given.receivedOf('media')).toEqual([]);
    expect(given.line.warnings.map(({ code }) => code)).toEqual([31930]);
    given.phoneSocket.bufferedAmount = 0;
    given.clock.tick(20);
    expect(given.receivedOf('media')[0]?.message['media']).toMatchObject({ chunk: '6', timestamp: '100' });
  });
});

describe('what the phone plays', () => {
  test('sound is played in the order received, one piece after the other, from when the first came', () => {
    const given = givenLine();
    given.clock.tick(100);
    given.play(new Uint8Array(80).fill(1));
    given.play(new Uint8Array(40).fill(2));
    given.clock.tick(100);
    given.play(new Uint8Array(8).fill(3));
    given.clock.tick(100);
    const heard = Buffer.from(given.handset.playback.heard(0, 300));
    const expected = Buffer.alloc(2400, 0xff);
    expected.fill(1, 800, 880).fill(2, 880, 920).fill(3, 1600, 1608);
    expect(heard.equals(expected)).toBe(true);
  });

  test('a mark is echoed when the sound before it has been played', () => {
    const given = givenLine();
    given.play(loud(200));
    given.mark('a');
    given.play(loud(130));
    given.mark('b');
    given.mark('c');
    given.clock.tick(1_000);
    expect(echoes(given)).toEqual([
      ['a', 200],
      ['b', 330],
      ['c', 330],
    ]);
    expect(howMarked(given)).toEqual(['a played', 'b played', 'c played']);
    expect(given.receivedOf('mark')[0]?.message).toEqual({
      event: 'mark',
      sequenceNumber: '11',
      streamSid: STREAM_SID,
      mark: { name: 'a' },
    });
  });

  test('a mark with nothing buffered is echoed at once', () => {
    const given = givenLine();
    given.clock.tick(50);
    given.mark('early');
    given.clock.tick(0);
    expect(echoes(given)).toEqual([['early', 50]]);
    expect(howMarked(given)).toEqual(['early nothingBuffered']);
  });

  test('clear empties the buffer and echoes every outstanding mark at once', () => {
    const given = givenLine();
    given.play(loud(400));
    given.mark('a');
    given.play(loud(400));
    given.mark('b');
    given.play(loud(400));
    given.mark('c');
    given.clock.tick(500);
    given.clear();
    given.clock.tick(2_000);
    expect(echoes(given)).toEqual([
      ['a', 400],
      ['b', 500],
      ['c', 500],
    ]);
    expect(howMarked(given)).toEqual(['a played', 'b cleared', 'c cleared']);
    expect(given.events.filter(({ type }) => type === 'cleared')).toEqual([
      { type: 'cleared', droppedMs: 700, atMs: 500 },
    ]);
    const heard = given.handset.playback.heard(0, 2_500);
    expect(heard.subarray(0, 4000)).toEqual(loud(500));
    expect(heard.subarray(4000).every((code) => code === 0xff)).toBe(true);
  });

  test('sound after a clear plays at once', () => {
    const given = givenLine();
    given.play(loud(1_000));
    given.clock.tick(100);
    given.clear();
    given.play(new Uint8Array(8).fill(5));
    given.mark('new');
    given.clock.tick(10);
    expect(echoes(given)).toEqual([['new', 101]]);
    expect(given.handset.playback.heard(100, 101)).toEqual(new Uint8Array(8).fill(5));
  });

  test('it notes when the agent can be heard, and that a pause between sentences is not an end', () => {
    const given = givenLine();
    given.clock.tick(200);
    given.play(loud(100));
    given.clock.tick(400);
    given.play(loud(100));
    given.clock.tick(2_000);
    expect(given.events.filter(({ type }) => type.startsWith('agent'))).toEqual([
      { type: 'agentStarted', atMs: 200 },
      { type: 'agentStopped', soundEndedMs: 700, atMs: 1_300 },
    ]);
  });

  test('silence that the agent sends is not taken for its voice', () => {
    const given = givenLine();
    given.play(new Uint8Array(1_600).fill(0x7f));
    given.clock.tick(1_000);
    expect(given.events.filter(({ type }) => type === 'agentStarted')).toEqual([]);
  });

  test('a call ends at its longest time, and no more sound than that is kept', async () => {
    const given = givenLine({ maxCallMs: 1_000 });
    for (let i = 0; i < 10; i++) given.play(loud(1_000));
    await given.clock.advance(5_000);
    expect(given.handset.end).toEqual({ how: 'timeLimit' });
    expect(given.handset.playback.heard(0, 10_000)).toHaveLength(8_000);
    expect(given.clock.armed).toBe(0);
  });
});

describe('what Twilio would warn of', () => {
  const streamSid = STREAM_SID;
  const payload = '/w==';
  test.each([
    ['an unknown event', { event: 'play', streamSid }],
    ['another streamSid', { event: 'clear', streamSid: sid('MZ', '2') }],
    ['no streamSid', { event: 'clear' }],
    ['stream_sid', { event: 'clear', stream_sid: streamSid }],
    ['an extra field', { event: 'clear', streamSid, sequenceNumber: '1' }],
    ['an extra field inside', { event: 'media', streamSid, media: { payload, track: 'outbound' } }],
    ['no payload', { event: 'media', streamSid, media: {} }],
    ['a payload that is not base64', { event: 'media', streamSid, media: { payload: '§' } }],
    ['a mark without a name', { event: 'mark', streamSid, mark: {} }],
    ['a name that is no string', { event: 'mark', streamSid, mark: { name: 1 } }],
    ['JSON that is no object', 'null'],
    ['no JSON', '{'],
  ])('%s is warning 31951, and the message is ignored', (_what, message) => {
    const given = givenLine();
    given.play(loud(1_000));
    given.serviceSocket.send(typeof message === 'string' ? message : JSON.stringify(message));
    given.mark('after');
    given.clock.tick(1_000);
    expect(given.line.warnings.map(({ code }) => code)).toEqual([31951]);
    expect(echoes(given)).toEqual([['after', 1_000]]);
  });

  test('a binary frame is warning 31950', () => {
    const given = givenLine();
    given.serviceSocket.binary = true;
    given.clear();
    given.clock.tick(0);
    expect(given.line.warnings.map(({ code }) => code)).toEqual([31950]);
    expect(given.events.filter(({ type }) => type === 'cleared')).toEqual([]);
  });

  test('each warning comes once a stream', () => {
    const given = givenLine();
    for (let i = 0; i < 3; i++) given.serviceSocket.send('{}');
    given.clock.tick(0);
    expect(given.line.warnings).toHaveLength(1);
    expect(given.events.filter(({ type }) => type === 'warned')).toHaveLength(1);
  });

  test('messages to the letter are no warning', () => {
    const given = givenLine();
    given.play(loud(20));
    given.mark('');
    given.clear();
    given.clock.tick(100);
    expect(given.line.warnings).toEqual([]);
  });
});

describe('when the service ends the stream', () => {
  test.each([
    ['a close by the service is 31921', 1000, 31921],
    ['a broken connection is 31903', 1006, 31903],
  ])('%s; what is buffered is not played, and no mark is echoed', async (_what, closeCode, code) => {
    const given = givenLine();
    given.play(loud(1_000));
    given.mark('never');
    await given.clock.advance(300);
    if (closeCode === 1006) given.serviceSocket.terminate();
    else given.serviceSocket.close(closeCode, 'bye');
    await given.clock.advance(2_000);
    expect(await given.line.whenEnded).toMatchObject({ how: 'closedByService', code, closeCode });
    expect(echoes(given)).toEqual([]);
    expect(given.receivedOf('stop')).toEqual([]);
    expect(given.handset.end).toBeUndefined();
    expect(given.handset.playback.heard(300, 1_000).every((byte) => byte === 0xff)).toBe(true);
    given.handset.finish({ how: 'serviceHungUp' });
    expect(given.clock.armed).toBe(0);
  });
});
