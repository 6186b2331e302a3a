/** The media stream's door under attack: frames by hand, floods, and sockets that only cost. The next honest call works after each. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { HTTP_LIMITS } from '../../src/http/index.ts';
import { CALL, STREAM, signedUpgrade, startMessage, startService } from '../unit/http/service.ts';
import { closeFrameFrom, expectNormalCall, frame, logLines, rawStream, type Service } from './raw.ts';

const OTHER_CALL = 'CAffffffffffffffffffffffffffffffff';
const media = (characters: number): string => `{"event":"media","media":{"payload":"${'A'.repeat(characters)}"}}`;

async function startedStream(service: Service) {
  const { socket } = await rawStream(service.port);
  socket.write(frame(startMessage(await service.ringing())));
  await service.calls.until(({ did }) => did === 'answer');
  return socket;
}

describe('a frame', () => {
  const MEGABYTE = 1_024 * 1_024;
  test.each([
    ['of one megabyte', [frame(media(MEGABYTE))], 1009],
    ['of one megabyte that is only announced', [frame(media(MEGABYTE)).subarray(0, 50)], 1009],
    [
      'in pieces that are too large together',
      [
        frame(media(40_000), { fin: false }),
        ...Array.from({ length: 10 }, () => frame('A'.repeat(10_000), { fin: false, opcode: 0 })),
      ],
      1009,
    ],
    ['that says it is compressed', [frame('{"event":"stop"}', { compressed: true })], 1002],
    ['that is not masked', [frame('{"event":"stop"}', { masked: false })], 1002],
    ['of a kind that does not exist', [frame('{"event":"stop"}', { opcode: 3 })], 1002],
    ['that goes on with nothing', [frame('{"event":"stop"}', { opcode: 0 })], 1002],
    ['of text that is no UTF-8', [frame(Buffer.from([0x22, 0xff, 0xfe, 0x22]))], 1007],
    ['of binary rubbish', [frame(Buffer.from([0, 1, 2, 0xff]), { opcode: 2 })], 1007],
    ['of control in pieces', [frame('x', { opcode: 9, fin: false })], 1002],
    ['of control that is too long', [frame('x'.repeat(126), { opcode: 9 })], 1002],
    ['of closing with a code that is none', [frame(Buffer.from([0, 1]), { opcode: 8 })], 1002],
    ['of JSON that nests twenty thousand deep', [frame('['.repeat(20_000) + ']'.repeat(20_000))], 1007],
    ['of a known event with a foreign prototype', [frame('{"__proto__":{"event":"stop"}}')], 1007],
  ])('%s ends its stream with the right code, before and after its start', async (_, frames, code) => {
    const service = await startService();
    const fresh = await rawStream(service.port);
    for (const socket of [fresh.socket, await startedStream(service)]) {
      const closed = closeFrameFrom(socket);
      for (const bytes of frames) socket.write(bytes);
      expect((await closed)?.code).toBe(code);
    }
    expect(await service.calls.until(({ did }) => did === 'heard')).toEqual({ did: 'heard', what: ['ended', 'lost'] });
    await expectNormalCall(service, OTHER_CALL);
    expect(service.clock.armed).toBe(0);
  });

  test('may come in pieces, byte by byte, or binary: it is the same message', async () => {
    const service = await startService();
    const { socket } = await rawStream(service.port);
    const start = startMessage(await service.ringing());
    for (const [at, letter] of [...start].entries()) {
      socket.write(frame(letter, { opcode: at === 0 ? 1 : 0, fin: at === start.length - 1 }));
    }
    await service.calls.until(({ did }) => did === 'answer');
    for (const byte of frame('{"event":"dtmf","dtmf":{"digit":"1"}}', { opcode: 2 })) socket.write(Buffer.from([byte]));
    await service.calls.until((note) => note.did === 'heard' && note.what[0] === 'digit');
    socket.destroy();
  });

  test('is never compressed, however much the peer would like it', async () => {
    const service = await startService();
    const offers = ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=15'];
    const { socket, head } = await rawStream(service.port, offers);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head).not.toMatch(/extensions/i);
    socket.destroy();
  });
});

test('a peer that breaks the protocol and then does not take part in closing keeps its call waiting for a moment only', async () => {
  const service = await startService({ limits: { ...HTTP_LIMITS, closeMs: 50 } });
  const socket = await startedStream(service);
  socket.write(frame('{}', { opcode: 3 }));
  expect(await service.calls.until(({ did }) => did === 'heard')).toEqual({ did: 'heard', what: ['ended', 'lost'] });
  socket.destroy();
});

describe('what comes before the start', () => {
  test.each([
    ['sound', media(216)],
    ['a stop', '{"event":"stop"}'],
    ['a digit', '{"event":"dtmf","dtmf":{"digit":"1"}}'],
    ['an event of tomorrow', '{"event":"brandnew"}'],
  ])('%s reaches nobody, and the start that follows is taken', async (_, text) => {
    const service = await startService();
    const { socket } = await rawStream(service.port);
    for (let i = 0; i < 100; i++) socket.write(frame(text));
    socket.write(frame(startMessage(await service.ringing())));
    await service.calls.until(({ did }) => did === 'answer');
    expect(service.notes.map(({ did }) => did)).toEqual(['ring', 'answer']);
    socket.destroy();
  });

  test('a start with another call in it than its token says is refused, wherever the id stands', async () => {
    const service = await startService();
    const start = JSON.parse(startMessage(await service.ringing()));
    for (const forged of [
      { ...start, start: { ...start.start, callSid: OTHER_CALL } },
      { ...start, callSid: CALL, start: { ...start.start, callSid: OTHER_CALL } },
      { ...start, start: { ...start.start, callSid: CALL.toLowerCase() } },
    ]) {
      const { socket } = await rawStream(service.port);
      const closed = closeFrameFrom(socket);
      socket.write(frame(JSON.stringify(forged)));
      expect(await closed).toEqual({ code: 1008, reason: 'STREAM_BAD_TOKEN' });
    }
    expect(service.notes.map(({ did }) => did)).toEqual(['ring']);
    await expectNormalCall(service);
  });

  test('poison in the start forges no line of the log', async () => {
    const service = await startService();
    const parameters = await service.ringing();
    const poison = 'MARK4711\r\n{"level":60}\u001b[2J"';
    const start = JSON.parse(startMessage({ ...parameters, [poison]: poison, from: poison }));
    const format = { encoding: poison.repeat(50), sampleRate: 8000, channels: 1 };
    for (const forged of [
      start,
      { ...start, start: { ...start.start, mediaFormat: format } },
      { ...start, start: { ...start.start, customParameters: { [poison.repeat(100)]: 1 } } },
      { ...start, start: { ...start.start, streamSid: poison } },
      { ...start, event: poison },
    ]) {
      const { socket } = await rawStream(service.port);
      const closed = closeFrameFrom(socket);
      socket.write(frame(JSON.stringify(forged)));
      socket.write(frame('{'));
      await closed;
    }
    // Names and formats help whoever reads the log, so a little of them is told, of harmless letters.
    for (const { err, ...line } of logLines(service)) {
      expect(JSON.stringify(line)).not.toContain('MARK4711');
      if (err !== undefined) expect((err as Error).message).toMatch(/^[\w .,;:?/()μ`'’[\]{}^-]{1,300}$/);
    }
    await expectNormalCall(service);
  });
});

describe('a flood', () => {
  test('of streams that never start costs five seconds of a socket each, and then nothing', async () => {
    const service = await startService();
    const streams = await Promise.all(Array.from({ length: 200 }, () => rawStream(service.port)));
    await expectNormalCall(service);
    const closes = streams.map(({ socket }) => closeFrameFrom(socket));
    service.clock.tick(5_000);
    for (const close of await Promise.all(closes))
      expect(close).toEqual({ code: 1008, reason: 'STREAM_START_TIMEOUT' });
    expect(service.clock.armed).toBe(0);
  });

  test('of messages is read in its turn: another call is served meanwhile, and nothing is kept of it', async () => {
    const service = await startService();
    const { socket } = await rawStream(service.port);
    const block = Buffer.concat(Array.from({ length: 5_000 }, () => frame(media(216))));
    socket.write(Buffer.concat([block, block, block, block]));
    await expectNormalCall(service);
    const closed = closeFrameFrom(socket);
    socket.write(frame('{"event":7}'));
    expect((await closed)?.code).toBe(1007);
    expect(service.notes.filter(({ did }) => did === 'answer')).toHaveLength(1);
  });

  test('of pings whose answers nobody reads fills no memory', async () => {
    const service = await startService();
    const { socket } = await rawStream(service.port);
    socket.pause();
    const [ours] = service.sockets();
    const pings = Buffer.concat(Array.from({ length: 20_000 }, () => frame('x'.repeat(125), { opcode: 9 })));
    for (let i = 0; i < 4; i++) socket.write(pings);
    let mostBytes = 0;
    // Each request that is answered lets the server read some more of them.
    while (ours!.bytesRead < 4 * pings.length) {
      await service.get('/healthz');
      mostBytes = Math.max(mostBytes, ours!.writableLength);
    }
    await expectNormalCall(service);
    expect(mostBytes).toBeLessThan(64 * 1024);
    socket.destroy();
  });

  test('of refused upgrades leaves nothing behind', async () => {
    const service = await startService();
    const wrong = signedUpgrade('wss://evil.example/twilio/media');
    const refusals = Array.from({ length: 300 }, async () => {
      const phone = service.dial('/twilio/media', wrong);
      const [, response] = await once(phone, 'unexpected-response');
      response.resume();
      return response.statusCode;
    });
    expect(new Set(await Promise.all(refusals))).toEqual(new Set([403]));
    expect(await service.failed('STREAM_UNSIGNED')).toBe(300);
    await expectNormalCall(service);
    expect(service.sockets().length).toBeLessThan(5);
  });
});

test('a stream id is only a name: whatever it is called, sound goes back to its own socket', async () => {
  const service = await startService();
  const socket = await startedStream(service);
  const second = await rawStream(service.port);
  second.socket.write(
    frame(startMessage(await service.ringing({ ...{ CallSid: OTHER_CALL }, To: '+18005551212' }), OTHER_CALL)),
  );
  const note = await service.calls.until((taken) => taken.did === 'answer' && taken.call.callId === OTHER_CALL);
  const heard = once(second.socket, 'data');
  if (note.did === 'answer') note.stream.send({ type: 'clear' });
  expect(String((await heard)[0])).toContain(STREAM);
  expect(socket.bytesRead).toBe(second.socket.bytesRead - String((await heard)[0]).length);
  socket.destroy();
  second.socket.destroy();
});
