/** The simulated model that stands in for Gemini Live in `serve --simulate` and `demo`. */
import { join } from 'node:path';
import { Failure, systemClock } from '../lib/index.ts';
import {
  DEFAULT_SCENARIO,
  type FixtureCall,
  type LiveSimulatorServer,
  listFixtures,
  loadFixture,
  type ScenarioInput,
  startLiveSimulator,
} from '../simulator/index.ts';

/** `src/cli` and `dist/cli` lie equally deep. */
export const FIXTURES = join(import.meta.dirname, '../../fixtures/calls');

/** Acts as in the fixture call of that name; without one, it greets, and always answers the same. */
export function startSimulatedModel(fixture: string | undefined): Promise<LiveSimulatorServer> {
  return startLiveSimulator({ clock: systemClock, scenario: scenarioOf(fixture) });
}

/** The number that the service calls in that fixture call; undefined where it is called, as in most. */
export function numberCalled(fixture: string | undefined): string | undefined {
  if (fixture === undefined) return undefined;
  const { phone } = fixtureNamed(fixture);
  return phone.called && phone.to;
}

/** Throws Failure CONFIG_INVALID that names those that there are. */
export function fixtureNamed(name: string): FixtureCall {
  const names = listFixtures(FIXTURES);
  if (!names.includes(name)) {
    throw new Failure('CONFIG_INVALID', `There is no fixture call named ${name}. There are: ${names.join(', ')}`);
  }
  return loadFixture(join(FIXTURES, name));
}

function scenarioOf(fixture: string | undefined): ScenarioInput {
  return fixture === undefined ? DEFAULT_SCENARIO : fixtureNamed(fixture).model;
}
