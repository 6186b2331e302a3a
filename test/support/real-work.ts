/** What this process waits for in real time, its disk, the network and other processes: a clock that a test winds stands still meanwhile. */
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Names of requests to the operating system: https://nodejs.org/api/process.html#processgetactiveresourcesinfo */
const TO_DISK = /^(FSReq|CloseReq)/;
const TO_CONNECT = /^(GetAddrInfoReq|TCPConnect)/;

const isUnderWay = (what: RegExp): boolean => process.getActiveResourcesInfo().some((name) => what.test(name));

/** Whether something was asked of the disk that is not done yet. */
export const diskWorks = (): boolean => isUnderWay(TO_DISK);

interface Asking {
  readonly path: string;
}
/** Requests over the network whose answers are not here yet, and those that servers of this process have not answered yet. */
const asking = new Set<Asking>();
const answering = new Set<ServerResponse>();

interface Message<T> {
  readonly request: T;
}
// Those of `fetch`.
subscribe('undici:request:create', (message) => asking.add((message as Message<Asking>).request));
subscribe('undici:request:trailers', (message) => asking.delete((message as Message<Asking>).request));
subscribe('undici:request:error', (message) => asking.delete((message as Message<Asking>).request));
// Those of node:http, but for those through a pipe in memory.
subscribe('http.client.request.start', (message) => {
  const { request } = message as Message<ClientRequest>;
  if (!(request.socket instanceof Socket)) return;
  asking.add(request);
  request.once('close', () => asking.delete(request));
});
subscribe('http.server.request.start', (message) => {
  const { response, socket } = message as { response: ServerResponse; socket: unknown };
  if (!(socket instanceof Socket)) return;
  answering.add(response);
  response.once('close', () => answering.delete(response));
});

const processes = new Set<ChildProcess>();
subscribe('child_process', (message) => {
  const { process } = message as { process: ChildProcess };
  processes.add(process);
  process.once('close', () => processes.delete(process));
});

/** Those that this one has started. */
export const runningProcesses = (): readonly ChildProcess[] => [...processes];

type UnderWay = () => string | undefined;
const others = new Set<UnderWay>();

/** Has the clock stand still while there is something under way that only `underWay` knows of; until what this returns is called. */
export function minded(underWay: UnderWay): () => void {
  others.add(underWay);
  return () => void others.delete(underWay);
}

/**
 * The paths of requests if one is on its way, or its answer is: not while a server of this process takes its time, which is the
 * test's. `unanswered`: paths that another process answers late, or never. And what else says of itself that it is under way.
 */
export function onTheirWay(unanswered: (path: string) => boolean = () => false): readonly string[] {
  const asked = [...asking].map(({ path }) => path).filter((path) => !unanswered(path));
  const taken = [...answering].map(({ req: { url = '' } }) => url).filter((path) => !unanswered(path));
  if (asked.length !== taken.length) return [...asked, ...taken];
  const connecting = isUnderWay(TO_CONNECT) ? ['a connection'] : [];
  return [...connecting, ...[...others].flatMap((underWay) => underWay() ?? [])];
}
