/** Which container this is, so that one that was started again knows its own earlier life. */
import { readFileSync } from 'node:fs';

/**
 * Docker and Podman bind a file to /etc/hostname, in a folder named by an id that no other machine has: the container's own, or
 * that of the one whose network it joined, or of its pod.
 */
const HOSTNAME = /\/([0-9a-f]{64})\/(?:userdata\/)?hostname$/;
/** Where an overlay keeps what is written to it: on its machine, one container's alone, and the same when that is started again. */
const WRITTEN_TO = /(?:^|,)upperdir=([^,]+)/;

/** undefined: in none, or in one that cannot be told from its neighbours. */
export function containerOf(mountinfo: string): string | undefined {
  let named: string | undefined;
  let writtenTo: string | undefined;
  for (const line of mountinfo.split('\n')) {
    // proc(5): id, parent's id, device, root of the mount in its file system, mount point; the file system's options come last.
    const fields = line.split(' ');
    const [, , , root = '', point] = fields;
    if (point === '/etc/hostname') named = HOSTNAME.exec(root)?.[1];
    if (point === '/') writtenTo = WRITTEN_TO.exec(fields.at(-1) ?? '')?.[1];
  }
  return named === undefined || writtenTo === undefined ? undefined : `${named} ${writtenTo}`;
}

export function ownContainer(): string | undefined {
  try {
    return containerOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return undefined;
  }
}
