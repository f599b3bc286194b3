/** What each machine does at any time: a function of the clock, so that history and live values agree. */
import { MACHINES } from './plant.js';
import { noise, randomFrom, seedOf } from './random.js';

/** @typedef {import('./plant.js').Machine} Machine */
/** @typedef {import('./plant.js').Tag} Tag */
/** @typedef {{state: string, start: number, end: number, job: string | null}} Segment */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NUMBERS = /** @type {Record<string, number>} */ ({
  Clearing: 1, Stopped: 2, Starting: 3, Idle: 4, Suspended: 5, Execute: 6, Stopping: 7, Aborting: 8, Aborted: 9,
  Holding: 10, Held: 11, Unholding: 12, Suspending: 13, Unsuspending: 14, Resetting: 15, Completing: 16, Complete: 17,
});

export const STARTED = Date.now();

/** What some machines are in when the server starts, so that every look is seen. @type {Record<string, [string, number]>} */
const NOW = {
  'mill-3': ['Held', 7], 'ferm-2': ['Aborted', 42], 'smt-2': ['Suspended', 3], 'block-1': ['Stopped', 190],
  'mill-2': ['Starting', 1], 'cure-1': ['Complete', 12], 'fill-1': ['Idle', 66], 'mould-2': ['Idle', 25],
};

/** Machines the edge cannot reach, and for how many minutes. @type {Record<string, number>} */
export const LOST = { 'coat-1': 4 };

/** @param {Machine} machine @returns {Segment[]} */
function lifeOf(machine) {
  const random = randomFrom(seedOf(machine.id, 'life'));
  const segments = /** @type {Segment[]} */ ([]);
  const now = NOW[machine.id];
  const until = now ? STARTED - now[1] * MINUTE : STARTED + 2 * DAY;
  let at = STARTED - 8 * DAY;
  /** @param {string} state @param {number} minutes @param {string | null} job */
  const add = (state, minutes, job) => {
    const end = Math.min(at + minutes * MINUTE, until);
    if (end > at) segments.push({ state, start: at, end, job });
    at = end;
  };
  while (at < until) {
    const job = `op-${1000 + Math.floor(random() * 9000)}`;
    add('Idle', 6 + random() * 40, null);
    add('Starting', 1.2, job);
    add('Execute', 25 + random() * 110, job);
    if (random() < 0.25) {
      add('Held', 3 + random() * 14, job);
      add('Unholding', 0.7, job);
      add('Execute', 20 + random() * 60, job);
    }
    if (random() < 0.2) {
      add('Suspended', 4 + random() * 10, job);
      add('Execute', 15 + random() * 40, job);
    }
    if (random() < 0.04) {
      add('Aborted', 8 + random() * 30, job);
      add('Clearing', 2, null);
      add('Stopped', 10 + random() * 20, null);
    } else {
      add('Completing', 1, job);
      add('Complete', 2 + random() * 8, job);
    }
    add('Resetting', 1.5, null);
  }
  if (now) segments.push({ state: now[0], start: until, end: STARTED + 2 * DAY, job: /Idle|Stopped/.test(now[0]) ? null : 'op-7021' });
  return segments;
}

const LIVES = new Map(MACHINES.map((machine) => [machine.id, lifeOf(machine)]));

/** @param {string} machine @param {number} at @returns {Segment} */
export function segmentAt(machine, at) {
  const life = LIVES.get(machine) ?? [];
  let low = 0;
  let high = life.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (/** @type {Segment} */ (life[middle]).start <= at) low = middle;
    else high = middle - 1;
  }
  return /** @type {Segment} */ (life[low]);
}

/** States with what nobody knows cut out. @param {string} machine @param {number} start @param {number} end */
export function statesBetween(machine, start, end) {
  const until = Math.min(end, Date.now());
  const gaps = gapsBetween(machine, start, until);
  const edges = [start, until, ...gaps.flatMap((gap) => [gap.start, gap.end]), ...(LIVES.get(machine) ?? []).map((one) => one.start)];
  const within = [...new Set(edges)].filter((at) => at >= start && at <= until).sort((one, other) => one - other);
  return within.slice(0, -1).map((from, at) => {
    const hidden = gaps.some((gap) => gap.start <= from && from < gap.end);
    return { state: hidden ? 'Unknown' : segmentAt(machine, from).state, start: from, end: /** @type {number} */ (within[at + 1]) };
  });
}

/** Intervals without data: two a day, and the machines that are lost now. @param {string} machine @param {number} start @param {number} end */
export function gapsBetween(machine, start, end) {
  const gaps = [];
  for (let day = Math.floor(start / DAY); day <= Math.floor(end / DAY); day += 1) {
    const random = randomFrom(seedOf(machine, 'gap', day));
    const at = day * DAY + random() * DAY;
    gaps.push({ tag: null, start: at, end: at + (2 + random() * 18) * MINUTE, cause: random() < 0.6 ? 'connection-lost' : 'agent-stopped' });
  }
  if (machine === 'mill-1') gaps.push({ tag: null, start: STARTED - 31 * MINUTE, end: STARTED - 27 * MINUTE, cause: 'connection-lost' });
  const lost = LOST[machine];
  if (lost) gaps.push({ tag: null, start: STARTED - lost * MINUTE, end: Date.now(), cause: 'connection-lost' });
  return gaps.filter((gap) => gap.end > start && gap.start < Math.min(end, Date.now()) && (lost || gap.end < Date.now()));
}

/** The value of a tag at an instant. @param {Machine} machine @param {Tag} tag @param {number} at */
export function valueAt(machine, tag, at) {
  const { state, start, job } = segmentAt(machine.id, at);
  if (tag.role === 'state') return NUMBERS[state] ?? 4;
  if (tag.role === 'job') return job ?? '';
  if (tag.role === 'count') return Math.floor((at % DAY) / 43_000);
  if (tag.role === 'energy') return Math.round((at % (30 * DAY)) / 4000) / 10;
  if (tag.data_type === 'Boolean') return state !== 'Stopped' && state !== 'Aborted';
  const seed = seedOf(machine.id, tag.id);
  const running = state === 'Execute' || state === 'Completing';
  const reach = tag.slow ? Math.min(1, (at - start) / (8 * MINUTE)) : 1;
  const from = running ? tag.rest : tag.run;
  const goal = running ? tag.run : tag.rest;
  const base = from + (goal - from) * reach;
  const period = tag.slow ? 90_000 : 5_000;
  const swing = tag.swing * (running ? 1 : 0.04) * (0.7 * noise(seed, at / period) + 0.3 * noise(seed + 1, at / (period / 6)));
  const hot = machine.id === 'ferm-2' && tag.id === 'pressure' ? 0.95 : 0;
  const value = Math.round((base + swing + hot) * 1000) / 1000;
  return tag.run < 0 ? value : Math.max(0, value);
}

/** How long a tag takes from one sample to the next. @param {Tag} tag */
export const intervalOf = (tag) => (tag.role === 'value' && tag.data_type === 'Double' ? (tag.slow ? 1000 : 400) : 10_000);
