/** Which container this is, so that one that was started again knows its own earlier life. */
import { readFileSync } from 'node:fs';

/**
 * Docker and Podman bind a file of the container's own to /etc/hostname, in a folder named by its id, which it keeps when it is
 * started again. Kubernetes binds one of the pod's, which says nothing of its containers.
 */
const OWN_HOSTNAME = /\/([0-9a-f]{64})\/(?:userdata\/)?hostname$/;
const OF_A_POD = /\/sandboxes\//;

/** undefined: in none, or in one that cannot be told from its neighbours. */
export function containerOf(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    // proc(5): id, parent's id, device, root of the mount in its file system, mount point.
    const [, , , root = '', point] = line.split(' ');
    if (point === '/etc/hostname' && !OF_A_POD.test(root)) return OWN_HOSTNAME.exec(root)?.[1];
  }
  return undefined;
}

export function ownContainer(): string | undefined {
  try {
    return containerOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return undefined;
  }
}
