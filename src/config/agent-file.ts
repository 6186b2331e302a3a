/** What an operator may write in config/agents/<name>.yaml: keys, ranges and defaults. */
import { z } from 'zod';
import { address, addresses } from './addresses.ts';
import { afterwards } from './afterwards-file.ts';
import { callStart } from './call-start-file.ts';
import { fallback } from './fallback-file.ts';
import { idle } from './idle-file.ts';
import { keys } from './keys-file.ts';
import { notice } from './notice-file.ts';
import { outbound } from './outbound-file.ts';
import { patience } from './patience-file.ts';
import { mcpServers, tool, toolHost } from './tool-file.ts';

export type AgentFile = z.output<typeof agentFile>;

export const DEFAULT_MODEL = 'gemini-3.8-live';
export const DEFAULT_VOICE = 'Aoede';

/** What telephones and networks let back is 12 dB quieter at least. */
export const USUAL_ECHO_FACTOR = 0.25;

const text = z.string().trim().min(1);

const turnTaking = z.strictObject({
  detection: z
    .enum(['model', 'local'])
    .default('model')
    .describe('Who decides when the caller speaks: the model itself, or the energy gate of this service.'),
  bargeIn: z.boolean().default(true).describe("Whether the caller's voice stops the agent."),
  startSensitivity: z.enum(['high', 'low']).default('high').describe('How readily sound counts as speech.'),
  endSensitivity: z.enum(['high', 'low']).default('low').describe('How readily a pause counts as the end of speech.'),
  // Above a second and a half, a short "yes" never counts as speech.
  prefixPaddingMs: z.int().min(0).max(1_500).default(100).describe('Speech needed before its start counts, in ms.'),
  // Below 100 ms every syllable ends a turn; Google advises 500 to 800 and calls more than 2000 slow.
  silenceMs: z.int().min(100).max(5_000).default(600).describe('Silence that ends a turn, in ms.'),
  coverage: z
    .enum(['activity', 'allInput', 'activityAndVideo'])
    .default('activity')
    .describe('What the model hears of a turn: the speech alone, all sound, or the speech and all video.'),
  protect: z
    .array(z.enum(['greeting', 'announcements']))
    .default([])
    .describe(
      "What the caller's voice does not stop: the greeting; what the agent is told to announce, such as that the call is about to end.",
    ),
  echoGuard: z
    .union(
      [
        z.boolean(),
        z.strictObject({
          factor: z
            .number()
            .min(0.01)
            .max(1)
            .default(USUAL_ECHO_FACTOR)
            .describe(
              "What is quieter than this share of the agent's amplitude is its echo, which keeps no call from ending. More keeps quiet callers out.",
            ),
        }),
      ],
      { error: 'must be true, false, or a map of factor' },
    )
    .default(false)
    .describe(
      "Whether the agent's voice, coming back from the phone, is kept from the model while the agent is heard.",
    ),
  backchannelMs: z
    .int()
    // The gate believes in speech after 80 ms; who speaks for three seconds means to be heard.
    .min(100)
    .max(3_000)
    .optional()
    .describe(
      'What the caller says while the agent speaks is heard once it is longer than this, in ms. Default: at once.',
    ),
});

const transcription = z.strictObject({
  caller: z.boolean().default(true),
  agent: z.boolean().default(true),
  languages: z.array(text).max(10).default([]).describe('Hints for recognition, BCP 47.'),
  vocabulary: z.array(text).max(200).default([]).describe('Names and words that recognition should expect.'),
});

const compression = z
  .union(
    [
      z.literal(false),
      // Vertex AI takes 5,000 to 128,000; the Developer API names no bounds of its own.
      z.strictObject({
        triggerTokens: z.int().min(5_000).max(128_000).optional().describe('Default: 80 % of the context window.'),
        targetTokens: z.int().min(1).max(128_000).optional().describe('Default: half of triggerTokens.'),
      }),
    ],
    { error: 'must be false, or a map of triggerTokens and targetTokens' },
  )
  .describe('The sliding window over the context. Without it an audio session ends after 15 minutes.');

const sampling = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  topK: z.int().min(1).max(1_000).optional(),
  maxOutputTokens: z.int().min(1).max(65_536).optional(),
  seed: z.int().min(-2_147_483_648).max(2_147_483_647).optional(),
  presencePenalty: z.number().min(-2).max(2).optional(),
  frequencyPenalty: z.number().min(-2).max(2).optional(),
});

const thinking = z.strictObject({
  level: z.enum(['minimal', 'low', 'medium', 'high']).optional(),
  budgetTokens: z.int().min(-1).max(24_576).optional().describe('0 switches thinking off, -1 lets the model choose.'),
});

const limits = z.strictObject({
  callMinutes: z
    .number()
    .min(1)
    .max(240)
    .default(30)
    .describe('The longest call. One of two minutes and more is warned of a minute before.'),
  silenceSeconds: z
    .number()
    .min(5)
    .max(3_600)
    .default(120)
    .describe('Silence of both sides that ends the call without a word, where `idle` is off or not enough.'),
  heldAudioMs: z
    .int()
    .min(500)
    // What is older would be answered long after it was said; and the Live socket's bound is made for this much.
    .max(20_000)
    .default(5_000)
    .describe('Caller audio kept while the session is not ready, in ms; the oldest goes first.'),
  calls: z.int().min(1).max(100_000).optional().describe('How many calls it has at once, over all processes.'),
  callsPerCaller: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('How many of them one phone number may have; callers who withhold theirs are not counted.'),
});

const alternative = z
  .strictObject({
    model: text.optional().describe("Default: the agent's own."),
    voice: text.optional().describe("Default: the agent's own."),
    backend: text
      .optional()
      .describe('A back end of config/backends.yaml. Default: each one in its order that offers the model.'),
  })
  .refine(
    (keys) => Object.keys(keys).length > 0,
    'names nothing that is different: give a model, a voice or a backend',
  );

export const agentFile = z.strictObject({
  answers: addresses.default([]).describe('The phone numbers (E.164, in quotes) and SIP addresses that it answers.'),
  default: z.boolean().default(false).describe('Whether it answers what no other agent does.'),
  needs: z
    .array(z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'must be the name of an environment variable, in capitals'))
    .default([])
    .describe('Environment variables without which this agent is left out, rather than the start refused.'),
  model: text.default(DEFAULT_MODEL).describe('A dialogue model of config/models.yaml.'),
  voice: text.default(DEFAULT_VOICE).describe('A voice of config/models.yaml.'),
  alternatives: z
    .array(alternative)
    // Each costs a caller, who hears nothing meanwhile, up to half a second.
    .max(5)
    .default([])
    .describe('What to go on with, in this order, when the model fails on all back ends.'),
  language: text.optional().describe('BCP 47. Without it the model follows the caller.'),
  instruction: text.describe(
    'Who the agent is, what it knows and how it speaks. {{caller.number}} and the like stand for what is known.',
  ),
  greeting: text.optional().describe('What to say first. Without it the agent waits for the caller.'),
  notice: notice.optional(),
  callStart: callStart.optional(),
  turnTaking: turnTaking.prefault({}),
  transcription: transcription.prefault({}),
  compression: compression.default({}),
  sampling: sampling.default({}),
  thinking: thinking.optional(),
  affectiveDialog: z.boolean().optional(),
  proactiveAudio: z.boolean().optional(),
  googleSearch: z.boolean().default(false),
  codeExecution: z.boolean().default(false),
  tools: z
    .array(tool)
    // Google advises 10 to 20; with more the model chooses badly.
    .max(64)
    .default([])
    .describe('What the agent can do besides talking.'),
  mcpServers: mcpServers.default({}).describe('Servers of the Model Context Protocol whose tools it may use, by name.'),
  toolHosts: z.array(toolHost).default([]).describe('The hosts that its HTTP tools may reach.'),
  limits: limits.prefault({}),
  fallback: fallback.optional(),
  outbound: outbound.prefault({}).describe('How it does in calls that are placed for it.'),
  patience: patience.prefault({}),
  idle: idle.prefault({}),
  keys: keys.optional(),
  afterwards: afterwards.prefault({}),
});

/** What the checks need of a file: a whole one has it all. */
export type ReadableAgentFile = z.output<typeof readableFile>;

/** A wrong address becomes an empty one, so that the others keep their places in the list. */
const readableFile = agentFile
  .partial({ instruction: true })
  .extend({ answers: z.array(address.catch('')).default([]).catch([]) });

/** What can be read of a file that broke the schema: its doubtful keys count as left out. Undefined when it is no map. */
export function readableAgentFile(value: unknown, doubtful: ReadonlySet<PropertyKey>): ReadableAgentFile | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const kept = Object.entries(value).filter(([key]) => key === 'answers' || !doubtful.has(key));
  return readableFile.safeParse(Object.fromEntries(kept)).data;
}
