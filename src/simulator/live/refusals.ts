/** The close frames with which the Live service refuses: there is no error message on its wire, only these. */

export interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/** Setup that the service neither accepts nor refuses: it falls silent. */
export type Judgement = 'accepted' | 'hangs' | Refusal;

/** RFC 6455 §5.5.1 leaves 123 bytes for a reason; the service cuts its texts there, in mid-word. */
const MAX_REASON_BYTES = 123;

const invalid = (reason: string): Refusal => ({ code: 1007, reason });

export const INVALID_ARGUMENT = invalid('Request contains an invalid argument.');
export const BAD_KEY = invalid('API key not valid. Please pass a valid API key.');
export const NO_KEY: Refusal = {
  code: 1008,
  reason: clip("Method doesn't allow unregistered callers (callers without established identity). Please use API Key."),
};
export const MEDIA_CHUNKS = invalid('realtime_input.media_chunks is deprecated. Use audio, video, or text instead.');
export const ACTIVITY_IS_AUTOMATIC = invalid(
  'Explicit activity control is not supported when automatic activity detection is enabled.',
);
export const HANDLE_UNKNOWN: Refusal = { code: 1008, reason: 'Requested entity was not found.' };
export const ABORTED: Refusal = { code: 1008, reason: 'The operation was aborted.' };
export const DEADLINE: Refusal = { code: 1011, reason: 'Deadline expired before operation could complete.' };
export const INTERNAL: Refusal = { code: 1011, reason: 'Internal error encountered.' };
export const UNAVAILABLE: Refusal = { code: 1011, reason: 'The service is currently unavailable.' };
export const QUOTA: Refusal = {
  code: 1011,
  reason: clip(
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, see the docs.',
  ),
};

export function unknownName(name: string, path: string): Refusal {
  const place = path === '' ? '' : ` at '${path}'`;
  return invalid(clip(`Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`));
}

export function invalidValue(path: string, value: unknown): Refusal {
  return invalid(clip(`Invalid value at '${path}', ${JSON.stringify(value) ?? 'missing'}`));
}

export function modalitiesUnsupported(modalities: readonly string[]): Refusal {
  const list = modalities.join(', ');
  return invalid(clip(`The requested combination of response modalities (${list}) is not supported by the model.`));
}

export function voiceUnknown(voice: string, model: string): Refusal {
  return invalid(clip(`Requested voice api_name '${voice}' is not available for model ${model}`));
}

export function modelUnknown(model: string, apiVersion: string): Refusal {
  return {
    code: 1008,
    reason: clip(
      `${model} is not found for API version ${apiVersion}, or is not supported for bidiGenerateContent. Call ListModels to see the list of available models.`,
    ),
  };
}

function clip(reason: string): string {
  return Buffer.from(reason)
    .subarray(0, MAX_REASON_BYTES)
    .toString()
    .replace(/\uFFFD$/u, '');
}
