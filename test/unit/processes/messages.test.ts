/** What the processes of one service say to each other. */
import { describe, expect, test } from 'vitest';
import { readFromPrimary, readFromWorker } from '../../../src/processes/messages.ts';
import { createMetrics, type MetricsSnapshot, sumOfMetrics } from '../../../src/telemetry/index.ts';

const upgrade = {
  method: 'GET',
  url: '/twilio/media/2',
  headers: { upgrade: 'websocket', 'set-cookie': ['a', 'b'] },
  head: 'AAE=',
};
/** As it comes out of the channel. */
const sent = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

describe('from a worker', () => {
  test.each([
    { type: 'hello' },
    { type: 'serving' },
    { type: 'passOn', to: 2, upgrade },
    { type: 'taken', id: 7 },
    { type: 'sumWanted', id: 0 },
  ])('$type is read as it was said', (message) => {
    expect(readFromWorker(sent(message))).toEqual(message);
  });

  test('its metrics are read with their labels and the parts of histograms, and what is no number is null', async () => {
    const metrics = createMetrics();
    metrics.responseSeconds.observe({ agent: 'reception' }, 1.3);
    metrics.loopDelaySeconds.set(Number.NaN);
    const snapshot = await metrics.snapshot();
    const read = readFromWorker(sent({ type: 'metrics', id: 1, metrics: snapshot }));
    const measured = read?.type === 'metrics' ? read.metrics : [];
    expect(measured.find(({ name }) => name === 'callbridge_loop_delay_seconds')).toMatchObject({
      aggregator: 'max',
      values: [{ value: null }],
    });
    expect(await sumOfMetrics([measured])).toBe(await sumOfMetrics([sent(snapshot) as MetricsSnapshot]));
  });

  test.each([
    ['nothing', undefined],
    ['a word', 'hello'],
    ['what a primary says', { type: 'stop', signal: 'SIGTERM' }],
    ['what nobody says', { type: 'goodbye' }],
    ['a number that no process has', { type: 'passOn', to: 0, upgrade }],
    ['a head that is not base64', { type: 'passOn', to: 1, upgrade: { ...upgrade, head: '%' } }],
    ['a request without headers', { type: 'passOn', to: 1, upgrade: { ...upgrade, headers: undefined } }],
    ['metrics that are none', { type: 'metrics', id: 1, metrics: [{ name: 'x' }] }],
  ])('%s is not understood', (_, message) => {
    expect(readFromWorker(message)).toBeUndefined();
  });
});

describe('from the primary', () => {
  test.each([
    { type: 'place', number: 1 },
    { type: 'place', number: 2, modelUrl: 'http://127.0.0.1:1234' },
    { type: 'stop', signal: 'SIGTERM' },
    { type: 'take', id: 1, sentMs: 1_767_225_600_000, upgrade },
    { type: 'metricsWanted', id: 3 },
    { type: 'sum', id: 3, text: '# HELP' },
    { type: 'sum', id: 3 },
  ])('$type is read as it was said', (message) => {
    expect(readFromPrimary(sent(message))).toEqual(message);
  });

  test.each([
    ['nothing', null],
    ['what a worker says', { type: 'hello' }],
    ['a place without a number', { type: 'place' }],
    ['a stream without its request', { type: 'take', id: 1, sentMs: 1 }],
  ])('%s is not understood', (_, message) => {
    expect(readFromPrimary(message)).toBeUndefined();
  });
});
