/** Trial runs, slots, plans and solves: some 300 operations over a fortnight. */
import { MACHINES } from './plant.js';
import { randomFrom, seedOf } from './random.js';
import { broadcast, iso } from './telemetry.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STARTED = Date.now();

export const CLIENTS = ['Fjordglas', 'Havblik Foods', 'Nordisk Medico', 'Tegl & Søn', 'Amp Energy', 'Kvant Electronics', 'Bølge Bio', 'Limfjord Casting'].map(
  (name, at) => ({ id: `client-${at + 1}`, name }),
);

export const PROCEDURES = [
  procedure('proc-mill', 'Milled prototype', 'components', 'Machining of a part from drawing, with inspection.', [['Set-up', 'milling', 60], ['Rough milling', 'milling', 150], ['Finish milling', 'milling', 120]]),
  procedure('proc-ferm', 'Fermentation trial', 'food-feed', 'Batch fermentation, then drying.', [['Seed', 'fermentation', 240], ['Batch', 'fermentation', 900], ['Drying', 'spray-drying', 300]]),
  procedure('proc-brick', 'Brick firing', 'building-materials', 'Pressing and firing of a recipe.', [['Pressing', 'pressing', 120], ['Firing', 'firing', 960]]),
  procedure('proc-stack', 'Electrolyser test', 'energy', 'Run-in and load profile of a stack.', [['Run-in', 'electrolysis', 240], ['Profile', 'electrolysis', 480]]),
  procedure('proc-pcb', 'Board assembly', 'electronics', 'Placement and reflow of a small series.', [['Placement', 'placement', 90], ['Reflow', 'reflow', 60]]),
  procedure('proc-mould', 'Moulded device', 'medical-devices', 'Moulding and sterilising in the clean room.', [['Moulding', 'moulding', 240], ['Sterilising', 'sterilising', 180]]),
];

/** @param {string} id @param {string} name @param {string} sector @param {string} description @param {[string, string, number][]} steps */
function procedure(id, name, sector, description, steps) {
  return {
    id, name, sector, description,
    steps: steps.map(([step, capability, minutes], at) => ({ id: `${id}-${at}`, name: step, capability, minutes, scales: at > 0, attended: at === 1, pausable: false })),
  };
}

/** The machines that serve a sector. @param {string} sector */
const machinesOf = (sector) => MACHINES.filter((machine) => machine.sector === sector);

/** Lays runs onto machines, each machine one operation after another. @param {string} seed @param {number} count */
function layOut(seed, count) {
  const random = randomFrom(seedOf('plan', seed));
  const free = new Map(MACHINES.map((machine) => [machine.id, STARTED - 3 * DAY + random() * 8 * HOUR]));
  const runs = [];
  for (let index = 0; index < count; index += 1) {
    const recipe = /** @type {(typeof PROCEDURES)[number]} */ (PROCEDURES[Math.floor(random() * PROCEDURES.length)]);
    const client = /** @type {{id: string, name: string}} */ (CLIENTS[Math.floor(random() * CLIENTS.length)]);
    const run = { id: `run-${index + 1}`, title: `${recipe.name} ${String.fromCharCode(65 + (index % 26))}${Math.floor(index / 26) + 1}` };
    let ready = STARTED - 3 * DAY + random() * 11 * DAY;
    const operations = recipe.steps.map((step) => {
      const choices = machinesOf(recipe.sector);
      const machine = /** @type {(typeof MACHINES)[number]} */ (choices[Math.floor(random() * choices.length)]);
      const setup_start = Math.ceil(Math.max(ready, free.get(machine.id) ?? ready) / (15 * MINUTE)) * 15 * MINUTE;
      const start = setup_start + (random() < 0.5 ? 30 : 15) * MINUTE;
      const end = start + step.minutes * MINUTE;
      free.set(machine.id, end);
      ready = end;
      const operation = { id: `${run.id}-${step.id}`, name: step.name };
      const slot = {
        id: `slot-${operation.id}`, machine: machine.id, machine_name: machine.name, site: machine.site, run, client, operation,
        setup_start: iso(setup_start), start: iso(start), end: iso(end), setup_state: ['A', 'B', 'C'][Math.floor(random() * 3)] ?? null, busy: false,
      };
      return { ...operation, capability: step.capability, minutes: step.minutes, slot };
    });
    runs.push(runBody(run, client, recipe, operations, random));
  }
  return runs;
}

/** @param {{id: string, title: string}} run @param {{id: string, name: string}} client @param {(typeof PROCEDURES)[number]} recipe @param {any[]} operations @param {() => number} random */
function runBody(run, client, recipe, operations, random) {
  const start = Date.parse(operations[0].slot.start);
  const end = Date.parse(operations.at(-1).slot.end);
  const due = end + (random() < 0.18 ? -1 : 1) * (2 + random() * 30) * HOUR;
  const status = end < STARTED ? 'done' : start < STARTED ? 'running' : 'planned';
  return {
    ...run, client, procedure: { id: recipe.id, name: recipe.name }, size: Math.round((0.5 + random()) * 10) / 10, status,
    release: iso(start - 8 * HOUR), due: iso(due), weight: 1, created_at: iso(start - 6 * DAY),
    planned_start: iso(start), planned_end: iso(end), late_minutes: Math.max(0, Math.round((end - due) / MINUTE)), operations,
  };
}

/** @type {any[]} */
export const runs = layOut('published', 122);
runs.push({ ...runs[5], id: 'run-requested', title: 'New alloy, first part', status: 'requested', planned_start: null, planned_end: null, late_minutes: null, operations: (runs[5]?.operations ?? []).map((/** @type {any} */ operation) => ({ ...operation, slot: null })) });

/** @param {any[]} list */
const slotsOf = (list) => list.flatMap((run) => run.operations.map((/** @type {any} */ operation) => operation.slot)).filter((slot) => slot !== null);

export const published = slotsOf(runs);

/** @type {any[]} */
export const bookings = [];

const PLANNER = { id: 'u-2', name: 'Signe Krog' };

/** @param {string} id @param {number} version @param {string} status @param {string} title @param {any[]} slots @param {number} hoursAgo */
function plan(id, version, status, title, slots, hoursAgo) {
  const objective = 4000 - version * 130;
  return {
    id, version, status, title, created_at: iso(STARTED - hoursAgo * HOUR), published_at: status === 'draft' ? null : iso(STARTED - (hoursAgo - 0.4) * HOUR), created_by: PLANNER,
    solver: { status: 'feasible', objective, bound: Math.round(objective * 0.93), gap_pct: 7.0, wall_s: 60 },
    kpis: { weighted_tardiness: objective - 900, tardy_runs: 22 - version, makespan_minutes: 15_480 - version * 60, changeover_minutes: 5_820 - version * 90, utilisation_pct: 58 + version, runs: runs.length, operations: slots.length },
    slots,
  };
}

export const plans = [
  plan('plan-3', 3, 'draft', 'After the fermenter fault', slotsOf(layOut('draft', 122)), 1),
  plan('plan-2', 2, 'published', 'Week 47', published, 20),
  plan('plan-1', 1, 'superseded', 'Week 46', slotsOf(layOut('old', 110)), 160),
];

/** @param {string} one @param {string} other */
export function comparison(one, other) {
  const here = plans.find((candidate) => candidate.id === one);
  const there = plans.find((candidate) => candidate.id === other);
  if (!here || !there) return null;
  const before = new Map(there.slots.map((slot) => [slot.operation.id, slot]));
  const moved = here.slots
    .filter((slot) => before.has(slot.operation.id) && before.get(slot.operation.id).start !== slot.start)
    .map((slot) => {
      const was = before.get(slot.operation.id);
      return { operation: slot.operation, run: slot.run, from: { machine: was.machine, start: was.start }, to: { machine: slot.machine, start: slot.start } };
    });
  const units = { weighted_tardiness: '', tardy_runs: '', makespan_minutes: 'min', changeover_minutes: 'min', utilisation_pct: '%' };
  const kpis = Object.entries(units).map(([name, unit]) => ({ name, this: /** @type {any} */ (here.kpis)[name], other: /** @type {any} */ (there.kpis)[name], unit }));
  return { kpis, moved, added: here.slots.filter((slot) => !before.has(slot.operation.id)), removed: [] };
}

/** @type {any[]} */
export const solves = [];

/** Starts a solve that finds better plans for a while. @param {{time_limit_s: number, title?: string}} request @param {{id: string, name: string}} user */
export function startSolve({ time_limit_s, title }, user) {
  const solve = {
    id: `solve-${solves.length + 1}`, status: 'running', title: title || 'Solve', requested_by: user, created_at: iso(Date.now()), started_at: iso(Date.now()), ended_at: null, time_limit_s,
    progress: { wall_s: 0, objective: 5200, bound: 3100, gap_pct: 40, incumbents: 0 }, plan: null, message: null, trajectory: /** @type {any[]} */ ([]),
  };
  solves.unshift(solve);
  const began = Date.now();
  const timer = setInterval(() => {
    const wall_s = Math.round((Date.now() - began) / 100) / 10;
    const objective = Math.round(3420 + 1800 * Math.exp(-wall_s / 6));
    const bound = Math.round(3300 - 200 * Math.exp(-wall_s / 8));
    solve.progress = { wall_s, objective, bound, gap_pct: Math.round(((objective - bound) / objective) * 1000) / 10, incumbents: solve.progress.incumbents + 1 };
    solve.trajectory.push({ wall_s, objective, bound });
    if (solve.status !== 'running' || wall_s >= time_limit_s) finishSolve(solve, timer);
    const { trajectory: _, ...frame } = solve;
    broadcast('solve', frame);
  }, 700);
  return solve;
}

/** @param {any} solve @param {NodeJS.Timeout} timer */
function finishSolve(solve, timer) {
  clearInterval(timer);
  if (solve.status === 'running') solve.status = 'done';
  solve.ended_at = iso(Date.now());
  const version = Math.max(...plans.map((one) => one.version)) + 1;
  const made = plan(`plan-${version}`, version, 'draft', solve.title, slotsOf(layOut(`draft-${version}`, 122)), 0);
  plans.unshift(made);
  solve.plan = made.id;
  broadcast('plan', { id: made.id, version, status: made.status });
}

/** Open hours of a machine: weekdays from 06 to 22 UTC. @param {number} start @param {number} end */
export function workingTime(start, end) {
  const open = [];
  for (let day = Math.floor(start / DAY) * DAY; day < end; day += DAY) {
    const weekday = new Date(day).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    const from = Math.max(start, day + 5 * HOUR);
    const to = Math.min(end, day + 21 * HOUR);
    if (to > from) open.push({ start: iso(from), end: iso(to) });
  }
  return open;
}

/** Others' slots as a customer sees them: merged, and with nothing but the machine and the time. @param {any[]} slots */
export function busyOf(slots) {
  /** @type {{machine: string, start: string, end: string, busy: true}[]} */
  const busy = [];
  for (const machine of new Set(slots.map((slot) => slot.machine))) {
    const own = slots.filter((slot) => slot.machine === machine).sort((one, other) => one.setup_start.localeCompare(other.setup_start));
    for (const slot of own) {
      const last = busy.at(-1);
      if (last && last.machine === machine && last.end >= slot.setup_start) last.end = slot.end > last.end ? slot.end : last.end;
      else busy.push({ machine, start: slot.setup_start, end: slot.end, busy: true });
    }
  }
  return busy;
}
