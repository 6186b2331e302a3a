/** Where a tool may reach: nothing but the public Internet, whatever a name or an address looks like. */
import { describe, expect, test } from 'vitest';
import { NotAllowed, type Resolve, sendHttp } from '../../../src/tools/http-request.ts';
import { isPublicAddress } from '../../../src/tools/public-address.ts';
import { givenHttpService, json } from '../../support/http-service.ts';

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '2606:4700::1111',
  '2a00:1450::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.8.8.8',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:a00:1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::7f00:1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd12:3456::1',
  'fec0::1',
  'ff02::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'localhost',
  '',
])('%s is not', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

describe('a request', () => {
  const askFor = (url: string, resolve?: Resolve, allowsPrivate = false) =>
    sendHttp(
      {
        method: 'GET',
        url: new URL(url),
        headers: {},
        allowsPrivate,
        maxBytes: 1_000,
        signal: new AbortController().signal,
      },
      resolve,
    );

  test.each([
    '127.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '0177.0.0.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
  ])('to %s does not reach this machine', async (host) => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    await expect(askFor(`http://${host}:${service.port}/`)).rejects.toThrow(NotAllowed);
    expect(service.asked).toEqual([]);
  });

  test('to a name that resolves to this machine does not reach it', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const resolve: Resolve = (_host, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    await expect(askFor(`http://api.example:${service.port}/`, resolve)).rejects.toThrow(NotAllowed);
    expect(service.asked).toEqual([]);
  });

  test('asks for a name once, and connects to what was judged then and to nothing else', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    let times = 0;
    const resolve: Resolve = (_host, done) => {
      times += 1;
      done(null, [{ address: times === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }]);
    };
    expect(await askFor(`http://rebinding.example:${service.port}/`, resolve, true)).toMatchObject({ status: 200 });
    expect(times).toBe(1);
    expect(service.asked[0]?.headers.host).toBe(`rebinding.example:${service.port}`);
  });

  test('leaves out the addresses of a name that are not public, and judges all of them', async () => {
    const service = await givenHttpService((_asked, response) => json(response, {}));
    const addresses = ['10.0.0.1', '127.0.0.1', '::1', '::ffff:127.0.0.1'];
    const resolve: Resolve = (_host, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    await expect(askFor(`http://many.example:${service.port}/`, resolve)).rejects.toThrow(NotAllowed);
    expect(service.asked).toEqual([]);
  });
});
