/** A tool that asks a real HTTP service: what it sends, and what the model is told of its answers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { givenHttpService, json } from '../../support/http-service.ts';
import { CONTEXT } from './given.ts';
import { never, of, toolOf } from './given-http.ts';

describe('what is sent', () => {
  test('has each argument encoded for its place', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const tool = toolOf(
      service.port,
      {
        method: 'POST',
        query: { day: [of('args', 'day')], left: [of('args', 'nothing')] },
        headers: { 'X-Caller': [of('caller', 'number')], 'X-None': [of('args', 'nothing')] },
        body: {
          kind: 'map',
          entries: [
            ['guests', { kind: 'text', template: [of('args', 'guests')] }],
            ['note', { kind: 'text', template: ['Call ', of('call', 'id'), ': ', of('args', 'note')] }],
            ['none', { kind: 'text', template: [of('args', 'nothing')] }],
            ['tags', { kind: 'list', items: [{ kind: 'plain', value: true }] }],
          ],
        },
      },
      ['/rooms/', of('args', 'room'), '?q=', of('args', 'day')],
    );
    const args = { room: 'a&b c?#ü', day: 'Fri & "Sat"', guests: 4, note: '","x":"\n' };
    await tool.run(args, CONTEXT, never);
    expect(service.asked).toHaveLength(1);
    const [{ method, url, headers, body } = { method: '', url: '', headers: {}, body: '' }] = service.asked;
    expect(method).toBe('POST');
    expect(url).toBe('/rooms/a%26b%20c%3F%23%C3%BC?q=Fri+%26+%22Sat%22&day=Fri+%26+%22Sat%22');
    expect(headers).toMatchObject({ 'x-caller': '+15550100', 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('x-none');
    expect(JSON.parse(body)).toEqual({ guests: 4, note: 'Call CA1: ","x":"\n', tags: [true] });
  });

  test('never leaves the path that the operator wrote, whatever the model says', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const tool = toolOf(service.port, {}, ['/rooms/', of('args', 'room'), '/tables?day=', of('args', 'day')]);
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '.',
        '..',
        '../x',
        '..\\x',
        '%2e%2e',
        '//evil.example',
        '?x',
        '#x',
        '@evil.example',
        '',
        '\r\nX: y',
      ),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (room, day) => {
        const before = service.asked.length;
        const { status } = await tool.run({ room, day }, CONTEXT, never);
        if (status === 'invalid_argument') expect(service.asked).toHaveLength(before);
        else expect(service.asked.at(-1)!.url).toMatch(/^\/rooms\/[^/?#]+\/tables\?day=[^?#&]*$/);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    [['/rooms/.', of('args', 'a'), '/tables'], { a: '.' }],
    [['/rooms/', of('args', 'a'), '.'], { a: '.' }],
    [['/rooms/', of('args', 'a'), of('args', 'b'), '/tables'], { a: '.', b: '.' }],
    [['/rooms/%2E', of('args', 'a'), '/tables'], { a: '.' }],
    [['/rooms/', of('args', 'a'), '\n'], { a: '..' }],
    [['/rooms/', of('args', 'a'), '?q=1'], { a: '..' }],
  ] as const)('never leaves the path %j by what is put together: %j', async (path, args) => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    expect(await toolOf(service.port, {}, path).run(args, CONTEXT, never)).toMatchObject({
      status: 'invalid_argument',
      message: expect.stringContaining('must not be mere dots'),
    });
    expect(service.asked).toEqual([]);
  });

  test('has dots where they lead nowhere, and where the operator wrote them', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const path = ['/a/../rooms/.', of('args', 'a'), '/v1.', of('args', 'a'), '?q=', of('args', 'b')];
    await toolOf(service.port, {}, path).run({ a: '1', b: '../..' }, CONTEXT, never);
    expect(service.asked.map(({ url }) => url)).toEqual(['/rooms/.1/v1.1?q=..%2F..']);
  });

  test.each(['Müller', 'a\r\nx-admin: 1', '\0'])('has no header with %j in it', async (name) => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const tool = toolOf(service.port, { headers: { 'x-name': [of('args', 'name')] } });
    expect(await tool.run({ name }, CONTEXT, never)).toMatchObject({ status: 'invalid_argument', retryable: true });
    expect(service.asked).toEqual([]);
  });

  test.each([
    ['body', { body: { kind: 'text', template: [of('caller', 'keys')] } }, ['/codes']],
    ['query', { query: { code: [of('caller', 'keys')] } }, ['/codes']],
    ['headers', { headers: { 'x-code': [of('caller', 'keys')] } }, ['/codes']],
    ['url', {}, ['/codes?code=', of('caller', 'keys')]],
    ['idempotency key', { businessKey: [of('caller', 'keys')], idempotencyHeader: 'x-key' }, ['/codes']],
  ] as const)('has the keys that the caller has entered in its %s, or is not sent', async (_where, spec, path) => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const tool = toolOf(service.port, { method: 'POST', ...spec }, path);
    for (const keys of [undefined, '']) {
      expect(await tool.run({}, { ...CONTEXT, caller: { ...CONTEXT.caller, keys } }, never)).toMatchObject({
        status: 'invalid_argument',
        message: expect.stringContaining('the caller has entered nothing by the keys, or it was lost'),
      });
    }
    expect(service.asked).toEqual([]);
    expect(await tool.run({}, { ...CONTEXT, caller: { ...CONTEXT.caller, keys: '42' } }, never)).toMatchObject({
      status: 'ok',
    });
    expect(service.asked).toHaveLength(1);
  });

  test('takes no variable from what every object has', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const tool = toolOf(service.port, {
      query: { x: [of('args', 'constructor', 'name')], y: [of('args', '__proto__')] },
    });
    await tool.run({}, CONTEXT, never);
    expect(service.asked[0]?.url).toBe('/tables');
  });

  test('has an idempotency key that is the same for the same thing, and another in another call, or once it was undone', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const spec = { method: 'POST', idempotencyHeader: 'Idempotency-Key', businessKey: [of('args', 'day')] } as const;
    const tool = toolOf(service.port, spec);
    await tool.run({ day: 'Friday', note: 'a' }, CONTEXT, never);
    await tool.run({ day: 'Friday', note: 'b' }, CONTEXT, never);
    await tool.run({ day: 'Saturday' }, CONTEXT, never);
    await tool.run({ day: 'Friday' }, { ...CONTEXT, call: { ...CONTEXT.call, id: 'CA2' } }, never);
    await tool.run({ day: 'Friday' }, { ...CONTEXT, timesUndone: 1 }, never);
    const keys = service.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[\w-]{43}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(4);
  });
});

describe('what the model is told', () => {
  const body = { tables: [{ name: 'window', seats: 4 }], secret: 'x' };

  test.each([
    [undefined, body],
    ['tables.0.name', 'window'],
    [['tables.0.seats', 'waiting'], { 'tables.0.seats': 4, waiting: null }],
  ])('of a JSON answer: what %j picks', async (pick, data) => {
    const { port } = await givenHttpService((_asked, response) => json(response, body));
    expect(await toolOf(port, { pick }).run({}, CONTEXT, never)).toEqual({
      status: 'ok',
      retryable: false,
      message: 'Done.',
      data,
    });
  });

  test.each([
    [204, 'ok', false],
    [400, 'refused', false],
    [404, 'not_found', false],
    [409, 'refused', false],
  ])('of a status of %i', async (status, told, retryable) => {
    const { port } = await givenHttpService((_asked, response) => response.writeHead(status).end());
    expect(await toolOf(port).run({}, CONTEXT, never)).toMatchObject({ status: told, retryable });
  });

  test('of a refusal: its reason', async () => {
    const { port } = await givenHttpService((_asked, response) => json(response, { error: 'no table at 7' }, 409));
    expect(await toolOf(port, { method: 'POST' }).run({}, CONTEXT, never)).toMatchObject({
      status: 'refused',
      data: { error: 'no table at 7' },
    });
  });

  test('of text: the text', async () => {
    const { port } = await givenHttpService((_asked, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(' We are open.\n'),
    );
    expect(await toolOf(port).run({}, CONTEXT, never)).toMatchObject({ status: 'ok', data: 'We are open.' });
  });

  test('of an endless answer: that it is too long, and it is not read', async () => {
    const { port } = await givenHttpService((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void =>
        void (response.write('"'.padEnd(65_536, 'x')) ? setImmediate(more) : response.once('drain', more));
      more();
    });
    expect(await toolOf(port).run({}, CONTEXT, never)).toMatchObject({ status: 'too_long', retryable: false });
  });

  test.each([
    [301, {}, 'redirects are not followed'],
    [401, {}, 'credentials'],
    [200, { 'content-type': 'image/png' }, 'image/png'],
    [200, {}, 'of no type'],
    [200, { 'content-type': 'application/json' }, /: the answer is not the JSON that it says it is$/],
  ])('of %i with %j: that it failed, for the operator must mend that', async (status, headers, wrong) => {
    const service = await givenHttpService((asked, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1/elsewhere', ...headers });
      response.end(asked.url);
    });
    await expect(toolOf(service.port).run({}, CONTEXT, never)).rejects.toMatchObject({
      message: expect.stringMatching(wrong),
      result: { status: 'failed', retryable: false },
    });
    expect(service.asked).toHaveLength(1);
  });
});
