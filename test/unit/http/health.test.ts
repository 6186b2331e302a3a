/** What orchestrators and Prometheus fetch. */
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { notingCalls, startService } from './service.ts';

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

  test.each(['SERVICE_FULL', 'SERVICE_OVERLOADED'])(
    'says that it takes no calls, %s, and answers all the same',
    async (code) => {
      const service = await startService({ calls: notingCalls({ ready: false, notReadyBecause: [code], active: 9 }) });
      const readiness = await service.get('/readyz');
      expect(readiness.status).toBe(200);
      expect(await readiness.json()).toEqual({ ready: false, because: [code], activeCalls: 9 });
    },
  );

  test('shows the numbers of all processes behind its port, or says that it has none', async () => {
    let sum = async (): Promise<string> => 'callbridge_calls_total 7\n';
    const siblings = { number: 1, passOn: () => false, sum: () => sum() };
    const service = await startService({ siblings });
    const response = await service.get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await response.text()).toBe('callbridge_calls_total 7\n');
    sum = () => Promise.reject(new Failure('INTERNAL', 'they did not come in time'));
    const none = await service.get('/metrics');
    expect([none.status, await none.text()]).toEqual([503, 'No metrics: they did not come in time.\n']);
  });

  test('shows its numbers to Prometheus', async () => {
    const service = await startService();
    await service.post('/twilio/voice', {}, '');
    const response = await service.get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('callbridge_failures_total{code="WEBHOOK_UNSIGNED",fault="client"} 1');
  });
});
