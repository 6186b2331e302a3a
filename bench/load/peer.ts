/** twilio-realtime-agents, installed for the bench alone: the project has nothing to do with it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../service.ts';

export const PEER = 'twilio-realtime-agents';
/** Exact, so that figures of different days are about the same thing. */
export const PEER_VERSION = '1.2.0';
/** What it needs of others is what it was tested with, or newer. */
const PACKAGES = { [PEER]: PEER_VERSION, '@google/genai': '2.32.0', ws: '8.23.0', zod: '4.6.0' };
const FOLDER = join(ROOT, 'node_modules/.cache', `bench-${PEER}-${PEER_VERSION}`);
/** Some 35 MB. */
const INSTALL_LIMIT_MS = 180_000;

/** Answers with the folder in which it is installed. Rejects with what npm said. */
export async function installPeer(): Promise<string> {
  const done = join(FOLDER, 'installed');
  if (existsSync(done)) return FOLDER;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  const args = ['install', '--omit=dev', '--no-audit', '--no-fund', '--ignore-scripts'];
  try {
    await promisify(execFile)('npm', args, { cwd: FOLDER, timeout: INSTALL_LIMIT_MS });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new Error(`not installed: ${said.trim().split('\n', 1)[0]}`);
  }
  writeFileSync(done, '');
  return FOLDER;
}
