/** The account of each turn. */
import { expect, test } from 'vitest';
import { greeted, sentence, story } from './bench.ts';

interface Usage {
  promptTokenCount: number;
  responseTokenCount: number;
  totalTokenCount: number;
  promptTokensDetails: { modality: string; tokenCount: number }[];
  responseTokensDetails: { modality: string; tokenCount: number }[];
}

test('comes with every turn, and only grows', () => {
  const { client } = greeted(10_000, { systemInstruction: { parts: [{ text: 'Be very nice to everyone.' }] } });
  client.say(sentence);
  client.saySilence(5_000);
  const usages = client.arrivals.flatMap(({ message }) => {
    const usage = message['usageMetadata'] as Usage | undefined;
    return usage === undefined ? [] : [usage];
  });
  expect(usages).toHaveLength(2);
  // 25 tokens a second, and 14 characters: the second prompt has the greeting and what the caller said.
  const [greetingTokens = 0, answerTokens = 0] = story.turns!.map(({ says }) => Math.ceil((says!.length * 25) / 14));
  expect(usages[0]!.responseTokensDetails).toEqual([{ modality: 'AUDIO', tokenCount: greetingTokens }]);
  expect(usages[1]!.responseTokensDetails).toEqual([{ modality: 'AUDIO', tokenCount: answerTokens }]);
  expect(usages[0]!.promptTokensDetails[1]).toEqual({ modality: 'AUDIO', tokenCount: 0 });
  expect(usages[1]!.promptTokensDetails[1]!.tokenCount).toBeGreaterThan(greetingTokens + 25);
  for (const { promptTokenCount, responseTokenCount, totalTokenCount } of usages) {
    expect(totalTokenCount).toBe(promptTokenCount + responseTokenCount);
  }
});

test('only what was said counts, unless setup wants all sound in', () => {
  const heardTokens = (turnCoverage: string) => {
    const { client } = greeted(10_000, { realtimeInputConfig: { turnCoverage } });
    client.next();
    client.saySilence(4_000);
    client.say(sentence);
    client.saySilence(5_000);
    const usage = client.arrivals.find(({ message }) => 'usageMetadata' in message)?.message['usageMetadata'] as Usage;
    return usage.promptTokensDetails[1]!.tokenCount;
  };
  const all = heardTokens('TURN_INCLUDES_ALL_INPUT');
  const activity = heardTokens('TURN_INCLUDES_ONLY_ACTIVITY');
  // Four seconds of silence before, and some of what follows the turn.
  expect(all - activity).toBeGreaterThanOrEqual(100);
});
