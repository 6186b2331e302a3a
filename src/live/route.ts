/** The ways to a model, in order of preference, and which of them is still worth trying: a pure plan beside resumption.ts. */
import { isDeepStrictEqual } from 'node:util';
import type { FailureCode } from '../lib/index.ts';
import type { LiveHeaders } from './auth.ts';
import type { LiveBackend, LiveSettings } from './settings.ts';

/** One way to a model: which model and voice, on which service, with which credential. */
export interface LiveRoute {
  readonly name: string;
  readonly settings: LiveSettings;
  readonly backend: LiveBackend;
  /** Share one between all routes and sessions of a backend, and they share its token. */
  readonly headers: LiveHeaders;
  /** Taken before a session is dialled on this route, and held until it leaves it; rejects with Failure LIVE_FULL. */
  readonly claim?: (() => Promise<void>) | undefined;
  readonly unclaim?: (() => void) | undefined;
}

/** Where a session stands: on one route, with these left to go to. None is tried twice. */
export interface Course {
  readonly route: LiveRoute;
  readonly others: readonly LiveRoute[];
}

/** Begins on the first route, or on the one of that name, where a session lives on that another process began. */
export function beginCourse(routes: readonly LiveRoute[], name?: string): Course {
  const route = routes.find((one) => one.name === name) ?? routes[0];
  if (route === undefined) throw new TypeError('a Live session needs a route');
  return { route, others: routes.filter((one) => one !== route) };
}

/** The course after its route is given up; undefined when no route is left that could do better. */
export function onward({ route, others }: Course, because: FailureCode): Course | undefined {
  const better = others.filter((other) => canHeal(because, route, other));
  const [next] = better;
  return next && { route: next, others: better.slice(1) };
}

/** What a session that fails like this on one route may find mended on another. */
function canHeal(because: FailureCode, { settings, backend }: LiveRoute, other: LiveRoute): boolean {
  const sameBackend = isDeepStrictEqual(backend, other.backend);
  const sameModel = settings.model === other.settings.model;
  switch (because) {
    // The credential, its project or its places: whatever the model.
    case 'LIVE_AUTH':
    case 'LIVE_ACCESS_DENIED':
    case 'LIVE_FULL':
      return !sameBackend;
    // The model itself: with whatever credential.
    case 'LIVE_UNSUPPORTED':
      return !sameModel;
    // What one service offers and takes differs from the other's, and from place to place, but not from key to key.
    case 'LIVE_MODEL_UNKNOWN':
    case 'LIVE_SETUP_INVALID':
    case 'LIVE_REJECTED_ARGUMENT':
      return !sameModel || !sameService(backend, other.backend);
    // Quotas are kept by project and by model; overload, the network and the rest may be anybody's.
    default:
      return true;
  }
}

function sameService(one: LiveBackend, other: LiveBackend): boolean {
  if (one.baseUrl !== other.baseUrl) return false;
  if (one.kind === 'developer' || other.kind === 'developer') return one.kind === other.kind;
  return one.location === other.location;
}
