/** What a process, with all that it started, has taken of the machine: Linux's /proc, https://man7.org/linux/man-pages/man5/proc.5.html */
import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_MS = 1_000_000;

/** In ms of one core since their start. By `schedstat`, in ns: the ticks of `stat` are 10 ms, as much as one call takes in two seconds. */
export function cpuMs(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + cpuMsOf(member), 0);
}

/** What the main thread of each process has had of a core, and waited for one, in ms: both together can be no more than the time. */
export function mainThreads(pid: number): ReadonlyMap<number, { readonly ranMs: number; readonly waitedMs: number }> {
  return new Map(
    familyOf(pid).map((member) => {
      const [ran = 0, waited = 0] = read(`/proc/${member}/schedstat`).split(' ').map(Number);
      return [member, { ranMs: ran / NS_PER_MS, waitedMs: waited / NS_PER_MS }];
    }),
  );
}

export function residentMb(pid: number): number {
  return familyOf(pid).reduce((sum, member) => {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${member}/status`))?.[1] ?? '0';
    return sum + Number(kilobytes) / 1_024;
  }, 0);
}

function cpuMsOf(pid: number): number {
  return list(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] || 0) / NS_PER_MS,
    0,
  );
}

function familyOf(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process or thread is gone.
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
