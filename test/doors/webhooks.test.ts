/** The webhooks' door under attack, at a real server over real sockets: turned away, bounded, and open to the next honest call. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Context } from 'koa';
import twilio from 'twilio';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readForm } from '../../src/http/twilio-form.ts';
import { AUTH_TOKEN, CALL, PUBLIC_URL, signed, startService, VOICE_FORM } from '../unit/http/service.ts';
import { hostileName, hostileText, onlyFailures } from './hostile.ts';
import { answerTo, connected, expectNormalCall, logLines, type Service, statusesIn } from './raw.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const body = new URLSearchParams(VOICE_FORM as Record<string, string>).toString();
const signature = `X-Twilio-Signature: ${signed('/twilio/voice', VOICE_FORM)}`;
const request = (line: string, headers: readonly string[], content = ''): string =>
  `${[line, 'Host: x', ...headers].join('\r\n')}\r\n\r\n${content}`;

/** What UTF-8 can carry, as a form must. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

describe('a form', () => {
  const account = { publicUrl: PUBLIC_URL, authToken: AUTH_TOKEN };
  const read = (rawBody: string, header: string | undefined) => {
    const ctx = {
      request: { rawBody },
      originalUrl: '/twilio/voice',
      req: { headers: { 'x-twilio-signature': header } },
    };
    return onlyFailures(['WEBHOOK_UNSIGNED'], () => readForm(ctx as unknown as Context, account, z.unknown()));
  };
  const field = fc.tuple(
    fc.oneof(
      fc.constantFrom('CallSid', 'From', 'To', 'SipHeader_X-A'),
      fc.string(),
      hostileName.filter((name) => name.length < 50),
    ),
    fc.string({ unit: 'binary' }).map(wellFormed),
  );
  const fields = fc.uniqueArray(field, { maxLength: 12, selector: ([name]) => wellFormed(name) });

  test('of any fields is taken when Twilio signed it, and refused when one letter of it is another', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (pairs, at) => {
        const params = new URLSearchParams(pairs.map(([name, value]): [string, string] => [wellFormed(name), value]));
        const header = twilio.getExpectedTwilioSignature(
          AUTH_TOKEN,
          `${PUBLIC_URL}/twilio/voice`,
          Object.fromEntries(params),
        );
        const text = params.toString();
        expect(read(text, header)).toBeDefined();
        expect(read(`${text}&Extra=1`, header)).toBeUndefined();
        const place = header.length - 2 - (at % (header.length - 2));
        const forged = header.slice(0, place) + (header[place] === 'A' ? 'B' : 'A') + header.slice(place + 1);
        if (place < header.length - 2) expect(read(text, forged)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test('of any text, with any signature, is refused', () => {
    fc.assert(
      fc.property(hostileText, fc.option(fc.oneof(fc.string(), hostileText), { nil: undefined }), (text, header) => {
        expect(read(wellFormed(text), header)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('after each of these the next honest call works:', () => {
  test('a form of ten thousand fields, whose names collide or repeat, is answered at once', async () => {
    const service = await startService();
    const forms = [
      Array.from({ length: 10_000 }, (_, i) => i.toString(36)).join('&'),
      Array.from({ length: 15_000 }, () => 'a').join('&'),
      `CallSid=${CALL}&${'CallSid=CAffffffffffffffffffffffffffffffff&'.repeat(500)}`,
      Array.from({ length: 2_000 }, () => '__proto__[a]=1').join('&'),
    ];
    for (const content of forms) {
      const headers = [FORM, signature, `Content-Length: ${content.length}`, 'Connection: close'];
      const startedMs = performance.now();
      const answer = await answerTo(service.port, request('POST /twilio/voice HTTP/1.1', headers, content));
      expect(statusesIn(answer)).toEqual([content.length > 32 * 1024 ? 400 : 403]);
      expect(performance.now() - startedMs).toBeLessThan(1_000);
    }
    await expectNormalCall(service);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('a bomb: twenty megabytes of form in %s are refused before they are unpacked', async (encoding, compress) => {
    const service = await startService();
    const bomb = compress(Buffer.alloc(20 * 1024 * 1024, 'a'));
    const before = process.memoryUsage().arrayBuffers;
    const response = await fetch(`http://127.0.0.1:${service.port}/twilio/voice`, {
      method: 'POST',
      body: bomb,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': encoding },
    });
    expect(response.status).toBe(400);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    await expectNormalCall(service);
  });

  const QUICK = { headersMs: 150, requestMs: 300, checkMs: 25, closeMs: 2_000, connections: 2_000 };

  test('clients that send their headers, or their body, letter by letter are cut off, and others are served meanwhile', async () => {
    const service = await startService({ limits: QUICK });
    const starts = [
      'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ',
      `${request('POST /twilio/voice HTTP/1.1', [FORM, 'Content-Length: 999'])}a`,
      '',
    ];
    const slow = starts.flatMap((start) => Array.from({ length: 10 }, () => start));
    const answers = slow.map(async (start) => {
      const socket = await connected(service.port);
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.write(start);
      const drip = setInterval(() => socket.write('a'), 20);
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(drip);
      return answer;
    });
    await expectNormalCall(service);
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^$|^HTTP\/1\.1 40[08] /);
  });

  test('more connections than are allowed are closed unheard and counted, and those that were there are served', async () => {
    const service = await startService({ limits: { ...QUICK, headersMs: 5_000, requestMs: 5_000, connections: 20 } });
    const first = await connected(service.port);
    const flood = await Promise.all(Array.from({ length: 60 }, () => connected(service.port)));
    const refused = await Promise.all(
      flood.map((socket) =>
        Promise.race([
          new Promise<boolean>((resolve) => socket.once('close', () => resolve(true))),
          new Promise<boolean>((resolve) => socket.once('data', () => resolve(false))),
          (async () => {
            socket.write(request('GET /healthz HTTP/1.1', []));
            return new Promise<boolean>(() => undefined);
          })(),
        ]),
      ),
    );
    expect(refused.filter((closed) => closed)).toHaveLength(41);
    first.write(request('GET /healthz HTTP/1.1', ['Connection: close']));
    expect(String(await new Promise<Buffer>((resolve) => first.once('data', resolve)))).toContain('200 OK');
    for (const socket of flood) socket.destroy();
    expect(await service.metrics.text()).toMatch(/connections_refused_total 41/);
    await expectNormalCall(service);
  });

  test.each([
    [
      'a length and a chunked body',
      'POST',
      [FORM, 'Content-Length: 5', 'Transfer-Encoding: chunked'],
      '0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    [
      'two lengths',
      'POST',
      [FORM, 'Content-Length: 5', 'Content-Length: 6'],
      'a=bcdGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    ['a length that is none', 'POST', [FORM, 'Content-Length: +5'], 'a=bcd'],
    ['a chunked coding in disguise', 'POST', [FORM, 'Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['a space before the colon', 'POST', [FORM, 'Content-Length : 5'], 'a=bcd'],
    ['a folded header', 'GET', ['X-A: b\r\n Content-Length: 5'], ''],
    ['a chunk of an impossible size', 'POST', [FORM, 'Transfer-Encoding: chunked'], 'ffffffffffffffffff\r\na'],
    ['a bare line feed', 'GET', ['X-A: b\nX-B: c'], ''],
    ['a NUL in a header', 'GET', ['X-A: b\0c'], ''],
    ['headers of 20 kB', 'GET', [`X-A: ${'b'.repeat(20_000)}`], ''],
  ])('a request with %s is one bad request, and nothing behind it is read', async (_, method, headers, content) => {
    const service = await startService();
    const path = method === 'GET' ? '/healthz' : '/twilio/voice';
    const answer = await answerTo(service.port, request(`${method} ${path} HTTP/1.1`, headers, content));
    expect(statusesIn(answer)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(service.notes).toEqual([]);
    await expectNormalCall(service);
  });

  test.each([
    ['GET', '/twilio/../healthz', 404],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd', 404],
    ['GET', '/sounds/../../package.json', 404],
    ['GET', '/sounds/%2e%2e%2fpackage.json', 404],
    ['GET', '/sounds/..%5c..%5cpackage.json', 404],
    ['GET', '/sounds/apology.wav%00.txt', 404],
    ['GET', '/sounds/', 404],
    ['GET', '//healthz', 404],
    ['GET', '/healthz/..', 404],
    ['GET', '/%', 404],
    ['GET', '/%ff%fe', 404],
    ['GET', '/healthz;a=b', 404],
    ['GET', `/${'a'.repeat(8_000)}`, 404],
    ['GET', 'http://evil.example/twilio/unknown', 404],
    ['POST', 'http://evil.example/twilio/voice', 403],
    ['POST', '/twilio/voice?CallSid=1', 403],
    ['POST', '/twilio/voice/', 403],
    ['POST', '/twilio/%76oice', 404],
    ['POST', '/twilio/media', 404],
    ['GET', '*', 404],
    ['OPTIONS', '*', 404],
    ['TRACE', '/healthz', 501],
    ['DELETE', '/twilio/voice', 405],
    ['PROPFIND', '/twilio/voice', 501],
  ])('%s %s is answered %d, and nothing is told to the calls', async (method, target, status) => {
    const service = await startService();
    const headers = [FORM, signature, 'Connection: close', `Content-Length: ${method === 'POST' ? body.length : 0}`];
    const answer = await answerTo(
      service.port,
      request(`${method} ${target} HTTP/1.1`, headers, method === 'POST' ? body : ''),
    );
    expect(statusesIn(answer)).toEqual([status]);
    expect(service.notes).toEqual([]);
    for (const line of logLines(service)) expect(String(line['path'] ?? '').length).toBeLessThanOrEqual(64);
  });

  test.each([
    ['JSON', 'application/json', JSON.stringify(VOICE_FORM)],
    [
      'a multipart form',
      'multipart/form-data; boundary=a',
      `--a\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\n${CALL}\r\n--a--`,
    ],
    ['XML with an entity', 'text/xml', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['a type that is none', 'a/b/c;;;', body],
  ])('%s is no form of Twilio', async (_, type, content) => {
    const service = await startService();
    const response = await fetch(`http://127.0.0.1:${service.port}/twilio/voice`, {
      method: 'POST',
      body: content,
      headers: { 'content-type': type, 'x-twilio-signature': signed('/twilio/voice', VOICE_FORM) },
    });
    expect([400, 403]).toContain(response.status);
    expect(service.notes).toEqual([]);
    await expectNormalCall(service);
  });
});

describe('what is written of an attack', () => {
  /** Whatever comes from outside carries this. */
  const MARK = 'MARK4711';
  const NASTY = [
    `${MARK}\r\n{"level":60,"msg":"forged"}`,
    `${MARK}\u001b[2J\u001b]0;x\u0007`,
    `"${MARK}"},"msg":"forged`,
    `${MARK}\u2028\u2029\u0085`,
    `</Parameter>${MARK}<Hangup/>`,
    `${MARK}'--><script>`,
  ];

  /** Keys, at any depth, under which the mark stands. */
  function keysWithMark(value: unknown, key = ''): string[] {
    if (typeof value === 'string') return value.includes(MARK) ? [key] : [];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) =>
      keysWithMark(inner, name).concat(name.includes(MARK) ? [name] : []),
    );
  }

  const expectCleanLog = (service: Service): void => {
    for (const line of logLines(service)) {
      expect(line['service']).toBe('callbridge');
      expect(line['msg']).not.toContain('forged');
      expect(keysWithMark(line).filter((key) => !/pii/i.test(key) && key !== 'path')).toEqual([]);
    }
    expect(service.log()).not.toContain('\u001b');
  };

  test.each(NASTY)(
    'a signed call from %j reaches the calls as text, is TwiML of one call, and forges no line',
    async (text) => {
      const service = await startService();
      const form = {
        ...VOICE_FORM,
        ...{ From: text, CallerName: text, CallStatus: text, Direction: text, ForwardedFrom: text },
        ...{ 'SipHeader_X-A': text, [`SipHeader_${MARK}`]: text, [`SipHeader_a\r\n${MARK}: b`]: 'x', [text]: text },
      };
      const response = await service.post('/twilio/voice', form);
      const twiml = await response.text();
      expect(response.status).toBe(200);
      expect(twiml).not.toContain('<Hangup/>');
      expect(twiml.match(/<Stream /g)).toHaveLength(1);
      for (const path of ['/twilio/status', '/twilio/stream-ended']) {
        expect((await service.post(path, form)).status).toBeLessThan(300);
        expect((await service.post(path, { ...form, CallSid: text })).status).toBe(400);
        expect((await service.post(path, form, text.replace(/[^ -~]/g, ''))).status).toBe(403);
      }
      expectCleanLog(service);
      await expectNormalCall(service);
    },
  );

  test('an unsigned request with poison in its path and headers forges no line and gets no header of its own', async () => {
    const service = await startService();
    const printable = NASTY.map((text) => text.replace(/[^ -~]/g, ''));
    for (const text of printable) {
      const path = `/${encodeURIComponent(text)}?a=${encodeURIComponent(text)}`;
      const headers = [
        ...[
          `User-Agent: ${text}`,
          `X-Forwarded-For: ${text}`,
          `X-Forwarded-Host: ${text}`,
          `Forwarded: host="${text}"`,
        ],
        ...[`Content-Encoding: ${text}`, `Origin: ${text}`, `Cookie: ${text}`, `Range: ${text}`],
        ...['Connection: close', 'Content-Length: 1'],
      ];
      for (const [target, type] of [
        [path, text],
        ['/twilio/voice', text],
        ['/twilio/voice', 'application/x-www-form-urlencoded'],
      ]) {
        const sent = [`Content-Type: ${type}`, ...headers];
        const answer = await answerTo(service.port, request(`POST ${target} HTTP/1.1`, sent, 'a'));
        expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
        expect(answer).not.toContain(MARK);
      }
    }
    const raw = await answerTo(
      service.port,
      `GET /${MARK}\u00e9\u0085\u009b2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 4\d\d /);
    expectCleanLog(service);
    expect(service.log()).toMatch(/^[\x20-\x7e\n—…]*$/);
  });
});
