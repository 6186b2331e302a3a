/** What Twilio's player fetches: the recordings that callers hear when no agent can speak. */
import { describe, expect, test } from 'vitest';
import { APOLOGY, startService } from './service.ts';

const OWN = Buffer.from('the words of the sales agent');

describe('a recording', () => {
  test.each([
    ["the service's own", 'apology', APOLOGY],
    ["an agent's", 'sales', OWN],
  ])('%s is served as a WAV file that may be cached', async (_, name, bytes) => {
    const service = await startService({ recordings: { sales: OWN } });
    const response = await service.get(`/sounds/${name}.wav`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  test.each(['/sounds/nobody.wav', '/sounds/sales', '/sounds/sales.mp3', '/sounds/Sales.wav', '/sounds/__proto__.wav'])(
    'that there is not, such as %s, is answered 404 and not cached',
    async (path) => {
      const service = await startService({ recordings: { sales: OWN } });
      const response = await service.get(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('cache-control')).toBeNull();
    },
  );

  test('is only fetched', async () => {
    const service = await startService();
    expect((await service.post('/sounds/apology.wav', {}, '')).status).toBe(405);
  });
});
