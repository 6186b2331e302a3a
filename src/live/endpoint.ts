/** Where Google is asked: for a Live session (https://ai.google.dev/api/live, and the Live API reference of Vertex AI), and for a text. */
import { Failure } from '../lib/index.ts';
import type { LiveBackend } from './settings.ts';

// The versions are pinned: these two are documented with all the fields that we send.
const DEVELOPER_BASE = 'https://generativelanguage.googleapis.com';
const DEVELOPER_PATH = 'ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const VERTEX_PATH = 'ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';

/** The WebSocket's URL. It never holds a key, because URLs end up in logs. */
export function endpoint(backend: LiveBackend): { readonly url: string } {
  const path = backend.kind === 'developer' ? DEVELOPER_PATH : VERTEX_PATH;
  const { secure, rest } = baseOf(backend);
  return { url: `${secure ? 'wss' : 'ws'}://${rest}/${path}` };
}

/** https://ai.google.dev/api/generate-content, and projects.locations.publishers.models.generateContent of Vertex AI. No key in it, either. */
export function generateEndpoint(backend: LiveBackend, model: string): string {
  const { secure, rest } = baseOf(backend);
  const path =
    backend.kind === 'developer'
      ? `v1beta/models/${model}`
      : `v1beta1/projects/${backend.project}/locations/${backend.location}/publishers/google/models/${model}`;
  return `${secure ? 'https' : 'http'}://${rest}/${path}:generateContent`;
}

function baseOf(backend: LiveBackend): { readonly secure: boolean; readonly rest: string } {
  const base = backend.baseUrl ?? (backend.kind === 'developer' ? DEVELOPER_BASE : vertexBase(backend.location));
  const matched = /^(http|https|ws|wss):\/\/([^?#]+)$/.exec(base);
  if (!matched) throw new Failure('CONFIG_INVALID', `The Live base URL must be like https://host/path, not ${base}`);
  const [, scheme, rest = ''] = matched;
  return { secure: scheme === 'https' || scheme === 'wss', rest: rest.replace(/\/+$/, '') };
}

function vertexBase(location: string): string {
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  // The multi-regions.
  if (location === 'us' || location === 'eu') return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}
