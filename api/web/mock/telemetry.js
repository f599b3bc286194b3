/** History, states, alarms and the live stream. */
import { gapsBetween, intervalOf, LOST, segmentAt, STARTED, statesBetween, valueAt } from './behaviour.js';
import { MACHINES } from './plant.js';
import { randomFrom, seedOf } from './random.js';

/** @typedef {import('./plant.js').Machine} Machine */

const MINUTE = 60_000;
/** @param {number} at */
export const iso = (at) => new Date(at).toISOString();

/** What tests and screenshots set by `POST /mock/conditions`. */
export const conditions = {
  /** `live`, `silent` (open, not a byte more), `refused`. */
  stream: 'live',
  /** Machines shown as lost besides those of `LOST`. @type {string[]} */
  lost: [],
  /** Tags that no longer send, as `machine/tag`. @type {string[]} */
  frozen: [],
  /** Paths below the base that answer 500. @type {string[]} */
  failing: [],
  /** Paths below the base that answer with nothing. @type {string[]} */
  empty: [],
  delay_ms: 0,
};

/** @param {URLSearchParams} query */
export function spanOf(query) {
  return { start: Date.parse(query.get('start') ?? ''), end: Date.parse(query.get('end') ?? '') };
}

/** @param {Machine} machine @param {string[]} tags @param {number} start @param {number} end @param {number} points */
export function history(machine, tags, start, end, points) {
  const gaps = gapsBetween(machine.id, start, end);
  const step = Math.max((end - start) / points, 400);
  const series = machine.tags
    .filter((tag) => tags.includes(tag.id))
    .map((tag) => {
      /** @type {{tag: string, t: number[], min: (number | null)[], max: (number | null)[], mean: (number | null)[], last: (number | string | boolean | null)[], gaps: unknown[]}} */
      const one = { tag: tag.id, t: [], min: [], max: [], mean: [], last: [], gaps: gaps.map((gap) => ({ start: iso(gap.start), end: iso(gap.end), cause: gap.cause })) };
      for (let at = Math.ceil(start / step) * step; at < Math.min(end, Date.now()); at += step) {
        if (gaps.some((gap) => gap.start <= at && at < gap.end)) continue;
        const picked = [0, 0.25, 0.5, 0.75].map((share) => valueAt(machine, tag, at + share * step));
        const numbers = picked.filter((value) => typeof value === 'number');
        one.t.push(Math.round(at));
        one.last.push(picked[3] ?? null);
        one.min.push(numbers.length ? Math.min(...numbers) : null);
        one.max.push(numbers.length ? Math.max(...numbers) : null);
        one.mean.push(numbers.length ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null);
      }
      return one;
    });
  return { start: iso(start), end: iso(end), series };
}

/** @param {string} machine @param {number} start @param {number} end */
export const states = (machine, start, end) =>
  statesBetween(machine, start, end).map((span) => ({ state: span.state, start: iso(span.start), end: iso(span.end) }));

/** @param {string} machine @param {number} start @param {number} end */
export const gaps = (machine, start, end) =>
  gapsBetween(machine, start, end).map((gap) => ({ ...gap, start: iso(gap.start), end: iso(gap.end) }));

// ---- Alarms

/** @typedef {{id: string, machine: string, tag: string | null, severity: string, message: string, value: number | null, limit: number | null, raised_at: string, cleared_at: string | null, acknowledged_at: string | null, acknowledged_by: {id: string, name: string} | null, comment: string | null, kind: string | null, stale: boolean}} Alarm */

const MESSAGES = /** @type {const} */ ([
  ['warning', 'above the high limit'],
  ['critical', 'above the high-high limit'],
  ['warning', 'below the low limit'],
]);

/** @returns {Alarm[]} */
function pastAlarms() {
  const random = randomFrom(seedOf('alarms'));
  const list = [];
  for (let index = 0; index < 140; index += 1) {
    const machine = /** @type {Machine} */ (MACHINES[Math.floor(random() * MACHINES.length)]);
    const measured = machine.tags.filter((tag) => tag.limits);
    const tag = measured[Math.floor(random() * measured.length)];
    if (!tag?.limits) continue;
    const [severity, words] = /** @type {readonly [string, string]} */ (MESSAGES[Math.floor(random() * (tag.limits.low === null ? 2 : 3))]);
    const limit = words.includes('low') ? tag.limits.low : severity === 'critical' ? tag.limits.high_high : tag.limits.high;
    if (limit === null) continue;
    const raised = STARTED - (20 + random() * 9000) * MINUTE;
    const acknowledged = raised + (1 + random() * 12) * MINUTE;
    list.push({
      id: `al-${index}`, machine: machine.id, tag: tag.id, severity, message: `${tag.name} ${words}`,
      value: Math.round(limit * (words.includes('low') ? 0.97 : 1.03) * 100) / 100, limit,
      raised_at: iso(raised), cleared_at: iso(raised + random() * 15 * MINUTE),
      acknowledged_at: iso(acknowledged), acknowledged_by: { id: 'u-1', name: random() < 0.6 ? 'Mette Holm' : 'Jonas Lund' },
      comment: random() < 0.3 ? 'Filter cleaned, flow back to normal.' : null, kind: null, stale: false,
    });
  }
  return list;
}

/** @param {string} id @param {string} machine @param {string | null} tag @param {string} severity @param {string} message @param {number | null} value @param {number | null} limit @param {number} minutesAgo @returns {Alarm} */
function openAlarm(id, machine, tag, severity, message, value, limit, minutesAgo) {
  return { id, machine, tag, severity, message, value, limit, raised_at: iso(STARTED - minutesAgo * MINUTE), cleared_at: null, acknowledged_at: null, acknowledged_by: null, comment: null, kind: tag === null ? 'event' : 'high', stale: false };
}

export const alarms = [
  openAlarm('al-open-1', 'ferm-2', 'pressure', 'critical', 'Pressure above the high-high limit', 3.57, 3.52, 42),
  openAlarm('al-open-2', 'ferm-2', 'temp', 'warning', 'Jacket temperature above the high limit', 81.2, 80, 44),
  openAlarm('al-open-3', 'mill-3', 'coolant_flow', 'warning', 'Coolant flow below the low limit', 7.1, 8, 7),
  { ...openAlarm('al-open-4', 'smt-2', null, 'info', 'Feeder 12 is nearly empty', null, null, 3), },
  { ...openAlarm('al-open-5', 'block-1', 'oil_temp', 'warning', 'Oil temperature above the high limit', 71.4, 70, 188), cleared_at: iso(STARTED - 150 * MINUTE), kind: null },
  { ...openAlarm('al-open-6', 'coat-1', null, 'warning', 'Connection to the machine was lost', null, null, 4), acknowledged_at: iso(STARTED - 2 * MINUTE), acknowledged_by: { id: 'u-1', name: 'Mette Holm' }, comment: 'Network cabinet is being serviced until noon.', kind: 'connection' },
  ...pastAlarms(),
].sort((one, other) => other.raised_at.localeCompare(one.raised_at));

/** @param {URLSearchParams} query */
export function alarmPage(query) {
  const state = query.get('state') ?? 'all';
  const machine = query.get('machine');
  const before = query.get('before');
  const limit = Number(query.get('limit') ?? 50);
  const found = alarms.filter(
    (alarm) =>
      (state !== 'active' || alarm.cleared_at === null) &&
      (state !== 'unacknowledged' || alarm.acknowledged_at === null) &&
      (machine === null || alarm.machine === machine) &&
      (before === null || alarm.raised_at < before),
  );
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? (items.at(-1)?.raised_at ?? null) : null };
}

// ---- Live

/** @type {Set<import('node:http').ServerResponse>} */
export const streams = new Set();

/** @param {string} machine */
const isLost = (machine) => machine in LOST || conditions.lost.includes(machine);

/** @param {Machine} machine @param {number} at */
function whole(machine, at) {
  const lost = isLost(machine.id);
  const seen = lost ? STARTED - (LOST[machine.id] ?? 0) * MINUTE : at;
  const segment = segmentAt(machine.id, seen);
  const values = Object.fromEntries(machine.tags.map((tag) => [tag.id, sample(machine, tag, seen)]));
  return { connected: !lost, state: segment.state, since_ms: lost ? seen : STARTED - 3 * 60 * MINUTE, job: segment.job, values };
}

/** @param {Machine} machine @param {import('./plant.js').Tag} tag @param {number} at */
function sample(machine, tag, at) {
  const interval = intervalOf(tag);
  const onChange = tag.role === 'state' || tag.role === 'job';
  const source = onChange ? Math.round(segmentAt(machine.id, at).start) : Math.floor(at / interval) * interval;
  const quality = tag.id === 'humidity' && machine.id === 'steril-1' ? 'uncertain' : 'good';
  return [valueAt(machine, tag, source), source, quality];
}

export function snapshot() {
  const now = Date.now();
  return { server_ms: now, machines: Object.fromEntries(MACHINES.map((machine) => [machine.id, whole(machine, now)])) };
}

/** What was last sent, as text, by machine and part. @type {Map<string, string>} */
const sent = new Map();

/** @param {string} key @param {unknown} value */
function isNews(key, value) {
  const text = JSON.stringify(value);
  if (sent.get(key) === text) return false;
  sent.set(key, text);
  return true;
}

/** What changed since the last frame. */
export function change() {
  const now = Date.now();
  /** @type {Record<string, unknown>} */
  const machines = {};
  for (const machine of MACHINES) {
    const { values, ...rest } = whole(machine, now);
    const news = Object.entries(rest).filter(([name, value]) => isNews(`${machine.id}/${name}`, value));
    const fresh = isLost(machine.id)
      ? []
      : Object.entries(values).filter(([tag, value]) => !conditions.frozen.includes(`${machine.id}/${tag}`) && isNews(`${machine.id}/tag/${tag}`, value));
    if (news.length || fresh.length) machines[machine.id] = { ...Object.fromEntries(news), ...(fresh.length && { values: Object.fromEntries(fresh) }) };
  }
  return { server_ms: now, machines };
}

/** Sends a frame to every stream. @param {string} event @param {unknown} data */
export function broadcast(event, data) {
  if (conditions.stream !== 'live') return;
  const frame = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  for (const stream of streams) stream.write(frame);
}
