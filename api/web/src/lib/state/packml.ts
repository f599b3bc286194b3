/** PackML states as people see them: colour token, shape, rank. Tiles, timelines and the Gantt all read this table. */
import type { StateWord } from '$lib/api/types';

/** What shares one colour and one shape. */
export type StateCategory =
  | 'aborted'
  | 'held'
  | 'suspended'
  | 'offline'
  | 'stopped'
  | 'acting'
  | 'execute'
  | 'complete'
  | 'idle';

export interface StateLook {
  category: StateCategory;
  /** CSS custom property of the fill; text upon it is `--on-<category>`. */
  token: `--state-${StateCategory}`;
  /** Whether a person should look: only then the state is drawn in colour on a tile. */
  abnormal: boolean;
  /** Place in an "abnormal first" order; 0 is the most urgent. */
  rank: number;
}

/** From the most urgent to the calmest. */
export const CATEGORIES: readonly StateCategory[] = [
  'aborted',
  'held',
  'suspended',
  'offline',
  'stopped',
  'acting',
  'execute',
  'complete',
  'idle',
];

const ABNORMAL: ReadonlySet<StateCategory> = new Set(['aborted', 'held', 'suspended', 'offline']);

const CATEGORY: Record<StateWord, StateCategory> = {
  Idle: 'idle',
  Starting: 'acting',
  Execute: 'execute',
  Completing: 'acting',
  Complete: 'complete',
  Resetting: 'acting',
  Holding: 'held',
  Held: 'held',
  Unholding: 'acting',
  Suspending: 'suspended',
  Suspended: 'suspended',
  Unsuspending: 'acting',
  Stopping: 'stopped',
  Stopped: 'stopped',
  Aborting: 'aborted',
  Aborted: 'aborted',
  Clearing: 'acting',
};

/** PackML states by the number that a tag of role `state` carries (OPC 30050). */
export const STATE_BY_NUMBER: Readonly<Record<number, StateWord>> = {
  1: 'Clearing',
  2: 'Stopped',
  3: 'Starting',
  4: 'Idle',
  5: 'Suspended',
  6: 'Execute',
  7: 'Stopping',
  8: 'Aborting',
  9: 'Aborted',
  10: 'Holding',
  11: 'Held',
  12: 'Unholding',
  13: 'Suspending',
  14: 'Unsuspending',
  15: 'Resetting',
  16: 'Completing',
  17: 'Complete',
};

export function lookOfCategory(category: StateCategory): StateLook {
  return {
    category,
    token: `--state-${category}`,
    abnormal: ABNORMAL.has(category),
    rank: CATEGORIES.indexOf(category),
  };
}

const LOOKS = new Map(CATEGORIES.map((category) => [category, lookOfCategory(category)]));

/** How to draw a state; null stands for a machine that never told one. */
export function lookOf(state: StateWord | null): StateLook {
  const category = state === null ? 'offline' : CATEGORY[state];
  return LOOKS.get(category) ?? lookOfCategory('offline');
}

/** How to draw a machine: one that is not connected is drawn so, whatever it last said. */
export function lookOfMachine(machine: { connected: boolean; state: StateWord | null }): StateLook {
  return machine.connected ? lookOf(machine.state) : lookOfCategory('offline');
}
