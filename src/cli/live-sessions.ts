/** How the calls of this process get their Live sessions: by which routes, and with whose counted places. */
import type { CallAgent, LiveRequest } from '../call/index.ts';
import type { Slots } from '../cluster/index.ts';
import { type Agent, type Config, liveRoutes, type RouteFacts } from '../config/index.ts';
import { Failure } from '../lib/index.ts';
import {
  type Dial,
  type FunctionDeclaration,
  type LiveRoute,
  type LiveSession,
  liveHeaders,
  openLiveSession,
} from '../live/index.ts';
import { fitted } from '../tools/index.ts';
import type { Tools } from './postprocessing.ts';
import type { Toolboxes } from './toolboxes.ts';

export interface LiveSessions {
  /** The agent with what its calls need to know of its credentials. */
  readonly agentOf: (agent: Agent | undefined) => CallAgent | undefined;
  readonly open: (request: LiveRequest) => LiveSession;
}

export interface LiveSessionsOptions {
  readonly config: Config;
  readonly tools: Tools;
  readonly slots: Slots;
  readonly toolboxes: Toolboxes['tools'];
  /** How the Live service is reached, when not over the network. */
  readonly dial: Dial | undefined;
}

export function createLiveSessions({ config, tools, slots, toolboxes, dial }: LiveSessionsOptions): LiveSessions {
  const { clock, ids, metrics } = tools;
  const headers = new Map(
    config.live.backends.all.map(({ name, backend }) => [name, liveHeaders(backend, clock)] as const),
  );
  const routes = new Map(config.agents.map((agent) => [agent.name, liveRoutes(config, agent)] as const));
  const agents = new Map<string, CallAgent>(
    config.agents.map(({ name, ...agent }) => {
      const credentials = countedOf(routes.get(name)!);
      return [name, { ...agent, name, credentials, tools: toolboxes.get(name) }];
    }),
  );

  const fileOf = new Map(config.agents.map((agent) => [agent.name, agent] as const));
  /** A voice or a language may have been chosen for the call. */
  const routesOf = ({ name, live: { voice, language } }: CallAgent): readonly RouteFacts[] => {
    const file = fileOf.get(name)!;
    if (voice === file.live.voice && language === file.live.language) return routes.get(name)!;
    return liveRoutes(config, { ...file, live: { ...file.live, voice, language } });
  };

  /** The call holds the place under the name by which it was let in. */
  const counted = ({ backendName, sessions }: RouteFacts, callId: string): Pick<LiveRoute, 'claim' | 'unclaim'> => {
    if (sessions === undefined) return {};
    const name = `credential:${backendName}`;
    return {
      claim: async () => {
        if (await slots.take(name, sessions, callId)) return;
        throw new Failure('LIVE_FULL', `all ${sessions} sessions of ${backendName} are in use`);
      },
      unclaim: () => slots.give(name, callId),
    };
  };

  return {
    agentOf: (agent) => agent && agents.get(agent.name),
    open: ({ callId, agent, handlers, seed, logger, handle }) =>
      openLiveSession({
        routes: routesOf(agent).map((route) => ({
          ...route,
          ...counted(route, callId),
          settings: { ...route.settings, instruction: agent.live.instruction, functions: functionsOf(agent, route) },
          headers: headers.get(route.backendName)!,
        })),
        handlers,
        seed,
        handle,
        clock,
        ids,
        metrics,
        logger,
        dial,
      }),
  };
}

/** The agent's tools as the model of the route takes them. */
function functionsOf({ tools = [] }: CallAgent, { functionBehaviors }: RouteFacts): FunctionDeclaration[] {
  return tools.map(({ declaration }) => fitted(declaration, functionBehaviors));
}

/** Where one of them is without limit, there is always room. */
function countedOf(routes: readonly RouteFacts[]): CallAgent['credentials'] {
  const credentials = routes.flatMap(({ backendName, sessions }) =>
    sessions === undefined ? [] : [{ name: backendName, sessions }],
  );
  return credentials.length === routes.length ? credentials : [];
}
