/** Our questions to a text model, judged by Google's own client, and its answers, by the simulator. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GoogleGenAI } from '@google/genai';
import { OAuth2Client } from 'google-auth-library';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/lib/index.ts';
import { createTextModel, type LiveBackend, liveHeaders, type Question } from '../../src/live/index.ts';
import { type LiveSimulatorServer, startLiveSimulator, type TextFault } from '../../src/simulator/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

const QUESTION: Question = {
  model: 'gemini-3.8-flash',
  instruction: 'Sum up the call.',
  text: 'Caller: A table for two, please.\nAgent: Gladly.',
  schema: {
    type: 'object',
    properties: { summary: { type: 'string' }, guests: { type: 'integer', minimum: 1 } },
    required: ['summary'],
  },
  maxOutputTokens: 1_000,
};
const google = async () => new Headers({ authorization: 'Bearer ya29.token' });

let simulator: LiveSimulatorServer | undefined;
afterEach(async () => {
  await simulator?.close();
  simulator = undefined;
});

const developer = (baseUrl: string, apiKey = 'key'): LiveBackend => ({ kind: 'developer', apiKey, baseUrl });
const textModel = (clock = systemClock, ...backends: LiveBackend[]) =>
  createTextModel(
    backends.map((backend) => ({ backend, headers: liveHeaders(backend, clock, google) })),
    clock,
  );
const simulate = async (textFaults: readonly TextFault[] = [], apiKeys?: readonly string[]): Promise<string> => {
  simulator = await startLiveSimulator({ clock: systemClock, textFaults, apiKeys });
  return simulator.url;
};

describe('what we send', () => {
  /** Requests as they come in, by us and by the SDK. */
  const listen = async () => {
    const requests: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { 'x-goog-api-key': key, authorization } = request.headers;
        requests.push({ method: request.method, path: request.url, key, authorization, body: JSON.parse(body) });
        response.setHeader('content-type', 'application/json').end('{"candidates":[]}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };
  const config = {
    systemInstruction: QUESTION.instruction,
    responseMimeType: 'application/json',
    responseJsonSchema: QUESTION.schema,
    maxOutputTokens: QUESTION.maxOutputTokens,
  };

  test('to the Developer API is what the SDK sends', async () => {
    const { requests, url } = await listen();
    const sdk = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: url, apiVersion: 'v1beta' } });
    await sdk.models.generateContent({ model: QUESTION.model, contents: QUESTION.text, config });
    await textModel(systemClock, developer(url))(QUESTION);
    const [theirs, ours] = requests;
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({ path: '/v1beta/models/gemini-3.8-flash:generateContent', key: 'key' });
  });

  test('to Vertex AI is what the SDK sends', async () => {
    const { requests, url } = await listen();
    const credentials = new OAuth2Client();
    credentials.setCredentials({ access_token: 'ya29.token' });
    const sdk = new GoogleGenAI({
      vertexai: true,
      project: 'acme',
      location: 'eu',
      googleAuthOptions: { authClient: credentials },
      httpOptions: { baseUrl: url, apiVersion: 'v1beta1' },
    });
    await sdk.models.generateContent({ model: QUESTION.model, contents: QUESTION.text, config });
    await textModel(systemClock, { kind: 'vertex', project: 'acme', location: 'eu', baseUrl: url })(QUESTION);
    const [theirs, ours] = requests;
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({ authorization: 'Bearer ya29.token' });
  });
});

describe('what comes back', () => {
  test('is JSON in the shape that was asked for, with what it used', async () => {
    const answer = await textModel(systemClock, developer(await simulate()))(QUESTION);
    expect(answer.content).toEqual({
      kind: 'json',
      value: { summary: 'The caller said: A table for two, please.', guests: 1 },
    });
    const { promptTokens, responseTokens, totalTokens, promptByModality } = answer.usage;
    expect(promptByModality).toEqual({ text: promptTokens });
    expect(totalTokens).toBe(promptTokens + responseTokens);
    expect(responseTokens).toBeGreaterThan(0);
  });

  test('is what the scenario says, where the schema allows it', async () => {
    const texts = [{ guests: 0 }, { summary: 'A table for two.', guests: 2 }, { summary: 'Another one.' }];
    simulator = await startLiveSimulator({ clock: systemClock, scenario: { texts } });
    const { content } = await textModel(systemClock, developer(simulator.url))(QUESTION);
    expect(content).toEqual({ kind: 'json', value: texts[1] });
  });

  test.for([
    ['malformed', 'useless'],
    ['maxTokens', 'useless'],
    ['empty', 'useless'],
    ['safety', 'refused'],
    ['blocked', 'refused'],
  ] as const)('after %s is %s, and what it used is told', async ([fault, kind]) => {
    const answer = await textModel(systemClock, developer(await simulate([fault])))(QUESTION);
    expect(answer).toMatchObject({ content: { kind, why: expect.stringMatching(/^the model/) } });
    expect(answer.usage.totalTokens).toBeGreaterThan(0);
  });

  test.for([
    ['quota', 'ANALYSIS_UNAVAILABLE'],
    ['unavailable', 'ANALYSIS_UNAVAILABLE'],
    ['cut', 'ANALYSIS_UNAVAILABLE'],
    ['invalid', 'ANALYSIS_INVALID'],
  ] as const)('after %s is the failure %s', async ([fault, code]) => {
    const url = await simulate([fault]);
    await expect(textModel(systemClock, developer(url))(QUESTION)).rejects.toMatchObject({ code });
  });

  test('is read no further than an answer can be long', async () => {
    let closed = (): void => undefined;
    const hungUp = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = createServer((_request, response) => {
      const more = (): void => {
        while (response.write(' '.repeat(65_536)));
      };
      response.on('drain', more).on('close', closed);
      more();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(textModel(systemClock, developer(url))(QUESTION)).rejects.toMatchObject({
      code: 'ANALYSIS_UNAVAILABLE',
    });
    await hungUp;
  });

  test('to a key that is refused is a failure that trying again cannot mend', async () => {
    const url = await simulate([], ['other']);
    await expect(textModel(systemClock, developer(url))(QUESTION)).rejects.toMatchObject({
      code: 'LIVE_AUTH',
      retryable: false,
    });
  });

  test('is given half a minute, and nobody is told where it was asked', async () => {
    const clock = new ManualClock();
    const url = await simulate(['hangs']);
    const asked = textModel(clock, developer(url, 'AIza-secret'))(QUESTION).catch((error: Error) => error);
    await expect.poll(() => simulator?.textRequests.length, { interval: 5, timeout: 10_000 }).toBe(1);
    clock.tick(29_999);
    expect(clock.armed).toBe(1);
    clock.tick(1);
    const failure = await asked;
    expect(failure).toMatchObject({ code: 'ANALYSIS_UNAVAILABLE', retryable: true });
    expect(String(failure)).not.toMatch(/127\.0\.0\.1|AIza/);
    expect(clock.armed).toBe(0);
  });

  test('is that of the next back end where one fails; of all failures, one that may pass is told', async () => {
    const url = await simulate(['quota']);
    const nowhere = developer('http://127.0.0.1:1');
    const answer = await textModel(systemClock, nowhere, developer(url), developer(url))(QUESTION);
    expect(answer.content.kind).toBe('json');
    expect(simulator?.textRequests).toHaveLength(2);
    await simulator?.close();
    const refusing = await simulate([], ['other']);
    await expect(textModel(systemClock, developer(refusing), nowhere)(QUESTION)).rejects.toMatchObject({
      code: 'ANALYSIS_UNAVAILABLE',
    });
    await expect(textModel()(QUESTION)).rejects.toMatchObject({ code: 'LIVE_MODEL_UNKNOWN' });
  });
});
