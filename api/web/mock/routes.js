/** The HTTP interface, answered from the made-up plant. */
import { MACHINES, machineBody, PLANT } from './plant.js';
import * as planning from './planning.js';
import * as telemetry from './telemetry.js';

/** @typedef {{id: string, name: string, email: string, role: string, organisation: {id: string, name: string}}} User */
/** @typedef {{user: User | null, query: URLSearchParams, body: any, params: string[], headers: import('node:http').IncomingHttpHeaders}} Asked */
/** @typedef {{status?: number, body?: unknown, headers?: Record<string, string>}} Answer */

const INSTITUTE = { id: 'org-1', name: 'Institute' };
export const PASSWORD = 'pilotline';

/** @type {User[]} */
export const USERS = [
  { id: 'u-1', name: 'Mette Holm', email: 'operator@example.org', role: 'operator', organisation: INSTITUTE },
  { id: 'u-2', name: 'Signe Krog', email: 'planner@example.org', role: 'planner', organisation: INSTITUTE },
  { id: 'u-3', name: 'Jonas Lund', email: 'engineer@example.org', role: 'engineer', organisation: INSTITUTE },
  { id: 'u-4', name: 'Ida Berg', email: 'administrator@example.org', role: 'administrator', organisation: INSTITUTE },
  { id: 'u-5', name: 'Anders Vang', email: 'customer@example.org', role: 'customer', organisation: { id: 'client-3', name: 'Nordisk Medico' } },
];

/** @param {number} status @param {string} code @param {string} title @param {object} [more] @returns {Answer} */
export const problem = (status, code, title, more = {}) => ({
  status,
  body: { type: `about:blank#${code}`, title, status, detail: title, code, errors: [], request_id: `req-${Math.floor(Date.now() % 1e7)}`, ...more },
});
const missing = () => problem(404, 'not_found', 'There is no such object.');

/** @param {Asked} asked */
const client = ({ user }) => (user?.role === 'customer' ? user.organisation.id : null);

/** @type {string | null} */
let feed = null;

/** @param {Asked} asked */
function ownRuns(asked) {
  const own = client(asked);
  return planning.runs.filter((run) => (own === null || run.client.id === own) && (!asked.query.get('status') || run.status === asked.query.get('status')));
}

/** @param {Asked} asked @returns {Answer} */
function slots(asked) {
  const { start, end } = telemetry.spanOf(asked.query);
  const machine = asked.query.get('machine');
  const found = planning.published.filter((slot) => Date.parse(slot.end) > start && Date.parse(slot.setup_start) < end && (!machine || slot.machine === machine));
  const own = client(asked);
  if (own === null) return { body: found };
  return { body: [...found.filter((slot) => slot.client.id === own), ...planning.busyOf(found.filter((slot) => slot.client.id !== own))] };
}

/** @param {Asked} asked @returns {Answer} */
function acknowledge({ params: [id], body, user }) {
  const alarm = telemetry.alarms.find((one) => one.id === id);
  if (!alarm) return missing();
  if (alarm.acknowledged_at) return problem(409, 'already_acknowledged', 'Someone has acknowledged this alarm.');
  alarm.acknowledged_at = telemetry.iso(Date.now());
  alarm.acknowledged_by = user && { id: user.id, name: user.name };
  alarm.comment = body.comment || null;
  telemetry.broadcast('alarm', alarm);
  return { body: alarm };
}

/** @param {Asked} asked @returns {Answer} */
function publish({ params: [id], headers }) {
  const plan = planning.plans.find((one) => one.id === id);
  if (!plan) return missing();
  const current = planning.plans.find((one) => one.status === 'published');
  if (!headers['if-match']) return problem(428, 'precondition_required', 'Say with If-Match which plan you compared with.');
  if (headers['if-match'] !== `"${current?.version ?? 0}"`) return problem(412, 'stale_plan', 'Another plan was published meanwhile.');
  if (current) current.status = 'superseded';
  plan.status = 'published';
  plan.published_at = telemetry.iso(Date.now());
  telemetry.broadcast('plan', { id: plan.id, version: plan.version, status: plan.status });
  return { body: plan };
}

/** @param {Asked} asked @returns {Answer} */
function request({ body, user }) {
  const recipe = planning.PROCEDURES.find((one) => one.id === body.procedure);
  if (!recipe || !body.title) {
    return problem(422, 'invalid', 'The request has mistakes.', { errors: [{ pointer: body.title ? '/procedure' : '/title', code: 'missing', message: 'This is needed.' }] });
  }
  const run = {
    ...planning.runs.at(-1), ...body, id: `run-${planning.runs.length + 1}`, client: user?.organisation, procedure: { id: recipe.id, name: recipe.name }, status: 'requested', created_at: telemetry.iso(Date.now()),
    operations: recipe.steps.map((step) => ({ id: step.id, name: step.name, capability: step.capability, minutes: step.minutes, slot: null })),
  };
  planning.runs.push(run);
  telemetry.broadcast('run', { id: run.id, status: run.status });
  return { status: 201, body: run };
}

/** @param {Asked} asked @returns {Answer} */
function book({ body, user }) {
  const clash = planning.published.find((slot) => slot.machine === body.machine && slot.end > body.start && slot.setup_start < body.end);
  if (clash) return problem(409, 'busy', 'The machine is busy then.', { machine: body.machine, start: clash.setup_start, end: clash.end });
  const booking = { ...body, id: `booking-${planning.bookings.length + 1}`, client: user?.organisation, created_at: telemetry.iso(Date.now()) };
  planning.bookings.push(booking);
  return { status: 201, body: booking };
}

/** @param {any} plan */
const withoutSlots = ({ slots: _, ...plan }) => plan;

/** @param {(machine: import('./plant.js').Machine, asked: Asked) => Answer} answer */
const ofMachine = (answer) => (/** @type {Asked} */ asked) => {
  const machine = MACHINES.find((one) => one.id === asked.params[0]);
  return machine ? answer(machine, asked) : missing();
};

/** @param {any[]} list @param {(found: any, asked: Asked) => Answer} answer */
const ofList = (list, answer) => (/** @type {Asked} */ asked) => {
  const found = list.find((one) => one.id === asked.params[0]);
  const own = client(asked);
  return found && (own === null || !found.client || found.client.id === own) ? answer(found, asked) : missing();
};

/** Method, path with `:` for one part, and what answers. @type {[string, string, (asked: Asked) => Answer][]} */
export const ROUTES = [
  ['GET', '/session', ({ user }) => ({ body: { user } })],
  ['GET', '/me/feed', () => ({ body: { url: feed } })],
  ['POST', '/me/feed', () => ({ status: 201, body: { url: (feed = `https://pilotline.example/api/v1/feeds/${Math.random().toString(36).slice(2)}.ics`) } })],
  ['DELETE', '/me/feed', () => ({ status: 204, body: (feed = null) })],
  ['GET', '/plant', () => ({ body: PLANT })],
  ['GET', '/machines', (asked) => ({ body: MACHINES.map((machine) => machineBody(machine, client(asked) === null)) })],
  ['GET', '/machines/:', ofMachine((machine, asked) => ({ body: machineBody(machine, client(asked) === null) }))],
  ['GET', '/machines/:/working-time', (asked) => { const { start, end } = telemetry.spanOf(asked.query); return { body: planning.workingTime(start, end) }; }],
  ['GET', '/machines/:/history', ofMachine((machine, { query }) => { const { start, end } = telemetry.spanOf(query); return { body: telemetry.history(machine, query.getAll('tag'), start, end, Number(query.get('points') ?? 500)) }; })],
  ['GET', '/machines/:/states', ofMachine((machine, { query }) => { const { start, end } = telemetry.spanOf(query); return { body: telemetry.states(machine.id, start, end) }; })],
  ['GET', '/machines/:/gaps', ofMachine((machine, { query }) => { const { start, end } = telemetry.spanOf(query); return { body: telemetry.gaps(machine.id, start, end) }; })],
  ['GET', '/procedures', () => ({ body: planning.PROCEDURES })],
  ['GET', '/alarms', ({ query }) => ({ body: telemetry.alarmPage(query) })],
  ['POST', '/alarms/:/acknowledgement', acknowledge],
  ['GET', '/trial-runs', (asked) => ({ body: { items: ownRuns(asked), next: null } })],
  ['POST', '/trial-runs', request],
  ['GET', '/trial-runs/:', ofList(planning.runs, (run) => ({ body: run }))],
  ['POST', '/trial-runs/:/cancellation', ofList(planning.runs, (run) => { if (run.status === 'running') return problem(409, 'has_begun', 'The run has begun.'); run.status = 'cancelled'; return { body: run }; })],
  ['GET', '/slots', slots],
  ['GET', '/slots/:', ofList(planning.published, (slot) => ({ body: { ...slot, tags: MACHINES.find((machine) => machine.id === slot.machine)?.tags.slice(0, 4) } }))],
  ['GET', '/slots/:/history', ofList(planning.published, (slot, { query }) => { const machine = MACHINES.find((one) => one.id === slot.machine); return machine ? { body: telemetry.history(machine, query.getAll('tag'), Date.parse(slot.start), Date.parse(slot.end), Number(query.get('points') ?? 500)) } : missing(); })],
  ['GET', '/bookings', () => ({ body: planning.bookings })],
  ['POST', '/bookings', book],
  ['DELETE', '/bookings/:', ofList(planning.bookings, (booking) => { planning.bookings.splice(planning.bookings.indexOf(booking), 1); return { status: 204 }; })],
  ['GET', '/plans', () => ({ body: planning.plans.map(withoutSlots) })],
  ['GET', '/plans/published', () => { const plan = planning.plans.find((one) => one.status === 'published'); return plan ? { body: plan } : missing(); }],
  ['GET', '/plans/:', ofList(planning.plans, (plan) => ({ body: plan, headers: { ETag: `"${plan.version}"` } }))],
  ['GET', '/plans/:/comparison', ({ params, query }) => { const body = planning.comparison(params[0] ?? '', query.get('with') ?? ''); return body ? { body } : missing(); }],
  ['POST', '/plans/:/publication', publish],
  ['POST', '/solves', ({ body, user }) => planning.solves.some((solve) => solve.status === 'running') ? problem(409, 'solve_running', 'A solve is running.') : { status: 202, body: planning.startSolve(body, { id: user?.id ?? '', name: user?.name ?? '' }) }],
  ['GET', '/solves', () => ({ body: planning.solves })],
  ['GET', '/solves/:', ofList(planning.solves, (solve) => ({ body: solve }))],
  ['POST', '/solves/:/cancellation', ofList(planning.solves, (solve) => { solve.status = 'cancelled'; return { body: solve }; })],
];
