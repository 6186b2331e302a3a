/** The Live models that the simulated service has, by what setup may ask of them; retired ones are not among them. */

export type Backend = 'developer' | 'vertex';

export interface SimulatedModel {
  readonly name: string;
  readonly backends: readonly Backend[];
  /** What comes of `thinkingConfig`: a setup that never completes, levels, or token budgets. */
  readonly thinking: 'hangs' | 'levels' | 'budgets';
  /** 2.5 only: `enableAffectiveDialog`, and `proactivity` that can be turned off. */
  readonly affective: boolean;
  readonly blockingTools: boolean;
  readonly defaultBehavior: 'BLOCKING' | 'NON_BLOCKING';
}

export const MODELS: readonly SimulatedModel[] = [
  {
    name: 'gemini-3.8-live',
    backends: ['developer', 'vertex'],
    thinking: 'hangs',
    affective: false,
    blockingTools: true,
    defaultBehavior: 'NON_BLOCKING',
  },
  {
    name: 'gemini-3.8-live-extended-thinking',
    backends: ['developer'],
    thinking: 'levels',
    affective: false,
    blockingTools: false,
    defaultBehavior: 'NON_BLOCKING',
  },
  {
    name: 'gemini-live-2.5-flash-native-audio',
    backends: ['vertex'],
    thinking: 'budgets',
    affective: true,
    blockingTools: true,
    defaultBehavior: 'BLOCKING',
  },
];

/** https://ai.google.dev/gemini-api/docs/speech-generation#voices; names are case-sensitive. */
export const VOICES: ReadonlySet<string> = new Set(
  (
    'Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus Umbriel Algieba Despina ' +
    'Erinome Algenib Rasalgethi Laomedeia Achernar Alnilam Schedar Gacrux Pulcherrima Achird Zubenelgenubi ' +
    'Vindemiatrix Sadachbia Sadaltager Sulafat'
  ).split(' '),
);

/** The model that `setup.model` names in the way its API wants it named. */
export function findModel(path: string, backend: Backend): SimulatedModel | undefined {
  const pattern =
    backend === 'developer'
      ? /^models\/([^/]+)$/u
      : /^(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models\/([^/]+)$/u;
  const name = pattern.exec(path)?.[1];
  return MODELS.find((model) => model.name === name && model.backends.includes(backend));
}
