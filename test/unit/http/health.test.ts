/** What orchestrators, Prometheus and Twilio's player fetch. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { APOLOGY_PATH, notingCalls, startService } from './service.ts';

describe('the service', () => {
  test('is alive, and ready while it takes calls', async () => {
    const service = await startService({ calls: notingCalls({ active: 3 }) });
    expect((await service.get('/healthz')).status).toBe(200);
    const readiness = await service.get('/readyz');
    expect(readiness.status).toBe(200);
    expect(await readiness.json()).toEqual({ ready: true, because: [], activeCalls: 3 });
  });

  test('is alive but not ready while it drains', async () => {
    const service = await startService({
      calls: notingCalls({ ready: false, notReadyBecause: ['SERVICE_DRAINING'], active: 1 }),
    });
    expect((await service.get('/healthz')).status).toBe(200);
    const readiness = await service.get('/readyz');
    expect(readiness.status).toBe(503);
    expect(await readiness.json()).toEqual({ ready: false, because: ['SERVICE_DRAINING'], activeCalls: 1 });
  });

  test('shows its numbers to Prometheus', async () => {
    const service = await startService();
    await service.post('/twilio/voice', {}, '');
    const response = await service.get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('callbridge_failures_total{code="WEBHOOK_UNSIGNED",fault="client"} 1');
  });

  test('serves the apology as a WAV file that may be cached', async () => {
    const service = await startService();
    const response = await service.get('/sounds/apology.wav');
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(await readFile(APOLOGY_PATH));
  });

  test('says 500, and nothing else, when the apology is not there', async () => {
    const service = await startService({ apologyPath: '/nowhere/apology.wav' });
    const response = await service.get('/sounds/apology.wav');
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('{"error":"INTERNAL"}');
  });
});
