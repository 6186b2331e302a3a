import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/live/decode.ts';

const events = (message: object) => decode(JSON.stringify(message)).events;

describe('what differs between backends', () => {
  test('voice activity is read under both of its names', () => {
    expect(events({ voiceActivity: { type: 'ACTIVITY_START', audioOffset: '0.160s' } })).toEqual([
      { type: 'voiceActivity', edge: 'started' },
    ]);
    expect(events({ voiceActivity: { voiceActivityType: 'ACTIVITY_END' } })).toEqual([
      { type: 'voiceActivity', edge: 'ended' },
    ]);
    expect(events({ voiceActivity: { type: 'ACTIVITY_NEW' } })).toEqual([]);
  });

  test('counts are read as numbers and as strings', () => {
    const usageMetadata = {
      promptTokenCount: 768,
      responseTokenCount: '15',
      totalTokenCount: '783',
      cachedContentTokenCount: 3,
      toolUsePromptTokenCount: 4,
      thoughtsTokenCount: 5,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 700 },
        { modality: 'AUDIO', tokenCount: '60' },
        { modality: 'AUDIO', tokenCount: 8 },
      ],
      responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 15 }],
    };
    expect(events({ usageMetadata })).toEqual([
      {
        type: 'used',
        usage: {
          promptTokens: 768,
          responseTokens: 15,
          thoughtsTokens: 5,
          toolUseTokens: 4,
          cachedTokens: 3,
          totalTokens: 783,
          promptByModality: { text: 700, audio: 68 },
          responseByModality: { audio: 15 },
        },
      },
    ]);
  });

  test('usage and sources that we cannot read do not cost the message', () => {
    const message = {
      usageMetadata: { totalTokenCount: 'many' },
      serverContent: { groundingMetadata: 7, outputTranscription: { text: 'Yes' } },
    };
    expect(events(message)).toEqual([{ type: 'transcribed', speaker: 'agent', text: 'Yes' }]);
  });

  test('what was searched is read with its pages, whatever else comes with it, in bounds', () => {
    const page = (title: string, uri = 'https://example.com/') => ({ web: { uri, title } });
    const grounding = (groundingMetadata: object) => events({ serverContent: { groundingMetadata } })[0];
    expect(
      grounding({
        webSearchQueries: ['opening hours', '', 7],
        searchEntryPoint: { renderedContent: '<div>' },
        groundingChunks: [
          page('One'),
          { retrievedContext: { uri: 'http://example.org/2', title: 'Two' } },
          { web: { uri: 'https://example.com/untitled' } },
          page('Three', 'javascript:alert(1)'),
          page('Four', `https://example.com/${'x'.repeat(2_000)}`),
          { web: { uri: 7 } },
          'five',
        ],
      }),
    ).toEqual({
      type: 'grounded',
      grounding: {
        queries: ['opening hours'],
        sources: [
          { title: 'One', uri: 'https://example.com/' },
          { title: 'Two', uri: 'http://example.org/2' },
          { title: '', uri: 'https://example.com/untitled' },
        ],
      },
    });
    const many = { webSearchQueries: Array(99).fill('q'.repeat(999)), groundingChunks: Array(99).fill(page('p')) };
    const { queries = [], sources = [] } =
      (grounding(many) as { grounding?: Record<string, string[]> }).grounding ?? {};
    expect([queries.length, queries[0]?.length, sources.length]).toEqual([10, 400, 20]);
    expect(grounding({ webSearchQueries: 'no list', groundingChunks: 7 })).toEqual({
      type: 'grounded',
      grounding: { queries: [], sources: [] },
    });
  });

  test.each([-1, 1.5, 3e9, '-1', '1.5', '12345678901', '', true])(
    '%j is no count of tokens, so the report is ignored',
    (count) => {
      expect(events({ usageMetadata: { totalTokenCount: 7, promptTokenCount: count } })).toEqual([]);
      const promptTokensDetails = [{ modality: 'AUDIO', tokenCount: count }];
      expect(events({ usageMetadata: { totalTokenCount: 7, promptTokensDetails } })).toEqual([]);
    },
  );

  test('tokens of a modality that is called like a part of every object are tokens', () => {
    const promptTokensDetails = [{ modality: 'CONSTRUCTOR', tokenCount: 3 }];
    expect(events({ usageMetadata: { promptTokensDetails } })).toMatchObject([
      { usage: { promptByModality: { constructor: 3 } } },
    ]);
  });

  test.each([
    ['50s', 50_000],
    ['9.5s', 9_500],
    ['0s', 0],
    ['0.000000001s', 0],
  ])('%s to leave is %i ms', (timeLeft, timeLeftMs) => {
    expect(events({ goAway: { timeLeft } })).toEqual([{ type: 'leaving', timeLeftMs }]);
  });

  test('a tool call without arguments has none', () => {
    expect(events({ toolCall: { functionCalls: [{ id: 'c1', name: 'end_call' }] } })).toEqual([
      { type: 'toolsCalled', calls: [{ id: 'c1', name: 'end_call', args: {} }] },
    ]);
  });
});

describe('sound', () => {
  const partsOf = (...parts: object[]) => events({ serverContent: { modelTurn: { parts } } });
  const sound = (mimeType: string) => ({ inlineData: { mimeType, data: 'AQD+/w==' } });

  test('every part of it is passed on, thoughts and pictures are not', () => {
    const thought = { text: 'I should greet.', thought: true };
    const picture = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
    const read = partsOf(thought, sound('audio/pcm;rate=24000'), picture, sound('audio/pcm'));
    expect(read).toEqual([
      { type: 'audio', bytes: Buffer.from([1, 0, 254, 255]) },
      { type: 'audio', bytes: Buffer.from([1, 0, 254, 255]) },
    ]);
  });

  test.each(['audio/pcm;rate=16000', 'audio/mpeg'])('as %s it is a bad message', (mimeType) => {
    expect(() => partsOf(sound(mimeType))).toThrow(expect.objectContaining({ code: 'LIVE_BAD_MESSAGE' }));
  });
});

test('keys that we do not know are named, at both levels', () => {
  const { unknownKeys } = decode('{"serverContent":{"mood":1,"turnComplete":true},"novelty":{},"goAway":{}}');
  expect(unknownKeys).toEqual(['novelty', 'mood']);
});

describe("a chunk of the agent's voice, which is not parsed", () => {
  const bytes = Buffer.from([1, 0, 255, 255, 0xfb, 0xf0]);
  const chunk = (data: string) => ({
    serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }] } },
  });

  test('is the same as when it is, with and without white space, and with its role', () => {
    const text = JSON.stringify(chunk(bytes.toString('base64')));
    const parsed = decode(text.replace('"parts"', '"more":0,"parts"'));
    expect(parsed.events).toEqual([{ type: 'audio', bytes }]);
    for (const form of [
      text,
      JSON.stringify(JSON.parse(text), undefined, 2),
      `${text}\n`,
      text.replace('"parts"', '"role":"model","parts"'),
    ]) {
      expect(decode(form)).toEqual({ ...parsed, unknownKeys: [] });
    }
  });

  test('is read to the letter: escapes are undone, and what is cut off or goes on is refused', () => {
    const data = bytes.toString('base64');
    expect(data).toContain('/');
    expect(decode(JSON.stringify(chunk(data)).replaceAll('/', '\\/')).events).toEqual([{ type: 'audio', bytes }]);
    const escaped = JSON.stringify(chunk('@')).replace('@', data.replaceAll('/', '\\/'));
    expect(decode(escaped).events).toEqual([{ type: 'audio', bytes }]);
    expect(decode(JSON.stringify(chunk(''))).events).toEqual([]);
    const text = JSON.stringify(chunk(data));
    for (const broken of [text.slice(0, -1), text.slice(0, -5), `${text}x`, text.slice(0, 60)]) {
      expect(() => decode(broken), broken).toThrow('not JSON');
    }
  });

  test('beside anything else it is not all that is told', () => {
    const message = { ...chunk(bytes.toString('base64')), usageMetadata: { totalTokenCount: 3 } };
    expect(events(message).map(({ type }) => type)).toEqual(['audio', 'used']);
  });
});
