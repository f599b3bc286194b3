/** Shapes of the HTTP interface, as `docs/reference/http.md` writes them. */

/** An RFC 3339 instant in UTC. */
export type Instant = string;

export type Role = 'operator' | 'planner' | 'engineer' | 'administrator' | 'customer';
export const STAFF: readonly Role[] = ['operator', 'planner', 'engineer', 'administrator'];
export const PLANNERS: readonly Role[] = ['planner', 'administrator'];

export interface Named {
  id: string;
  name: string;
}

export interface User {
  id: string;
  name: string;
  email: string;
  role: Role;
  organisation: Named;
}

export interface Site {
  id: string;
  name: string;
  time_zone: string;
  country: string;
  owner: string;
  partner: boolean;
  halls: Named[];
}

export interface Plant {
  name: string;
  sites: Site[];
}

export interface Limits {
  low_low: number | null;
  low: number | null;
  high: number | null;
  high_high: number | null;
}

export type LimitName = keyof Limits;

export interface Tag {
  id: string;
  name: string;
  unit: { ucum: string; symbol: string };
  data_type: string;
  key: boolean;
  role: 'state' | 'job' | 'count' | 'energy' | 'value';
  limits: Limits | null;
}

export interface Machine {
  id: string;
  name: string;
  kind: string;
  sector: string;
  site: string;
  hall: string;
  calendar: string;
  tags: Tag[];
}

export interface Span {
  start: Instant;
  end: Instant;
}

export interface Step {
  id: string;
  name: string;
  capability: string;
  minutes: number;
  scales: boolean;
  attended: boolean;
  pausable: boolean;
}

export interface Procedure {
  id: string;
  name: string;
  sector: string;
  description: string;
  steps: Step[];
}

export type Quality = 'good' | 'uncertain' | 'bad';
export type Scalar = number | string | boolean;
/** Value, source time in ms since the epoch, quality. */
export type WireValue = [value: Scalar | null, source_ms: number, quality: Quality];

export type StateWord =
  | 'Idle'
  | 'Starting'
  | 'Execute'
  | 'Completing'
  | 'Complete'
  | 'Resetting'
  | 'Holding'
  | 'Held'
  | 'Unholding'
  | 'Suspending'
  | 'Suspended'
  | 'Unsuspending'
  | 'Stopping'
  | 'Stopped'
  | 'Aborting'
  | 'Aborted'
  | 'Clearing';

export interface WireMachine {
  connected: boolean;
  state: StateWord | null;
  since_ms: number | null;
  job: string | null;
  values: Record<string, WireValue>;
}

export interface WireSnapshot {
  server_ms: number;
  machines: Record<string, WireMachine>;
}

/** What changed: every key may be missing. */
export interface WireChange {
  server_ms: number;
  machines?: Record<string, Partial<WireMachine>>;
}

export interface Gap {
  start: Instant;
  end: Instant;
  cause: string;
}

export interface Series {
  tag: string;
  t: number[];
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
  last: (Scalar | null)[];
  gaps: Gap[];
}

export interface History {
  start: Instant;
  end: Instant;
  series: Series[];
}

export interface StateSpan extends Span {
  state: StateWord | 'Unknown';
}

export type Severity = 'critical' | 'warning' | 'info';

export interface Alarm {
  id: string;
  machine: string;
  tag: string | null;
  severity: Severity;
  message: string;
  value: number | null;
  limit: number | null;
  raised_at: Instant;
  cleared_at: Instant | null;
  acknowledged_at: Instant | null;
  acknowledged_by: Named | null;
  comment: string | null;
  /** What sort of condition holds; null once it is over. */
  kind: string | null;
  /** Whether it may have ended unseen; in the stream as of the event, so pages look at the machine themselves. */
  stale: boolean;
}

export type AlarmFilter = 'active' | 'unacknowledged' | 'all';

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type RunStatus = 'requested' | 'planned' | 'running' | 'done' | 'cancelled';

export interface Slot {
  id: string;
  machine: string;
  machine_name: string;
  site: string;
  run: { id: string; title: string };
  client: Named;
  operation: Named;
  setup_start: Instant;
  start: Instant;
  end: Instant;
  setup_state: string | null;
  busy: false;
  /** Only on `GET /slots/{id}`. */
  tags?: Tag[];
}

/** Another customer's time: a machine and when, nothing else. */
export interface BusySpan extends Span {
  machine: string;
  busy: true;
}

export interface TrialRun {
  id: string;
  title: string;
  client: Named;
  procedure: Named;
  size: number;
  status: RunStatus;
  release: Instant;
  due: Instant;
  weight: number;
  created_at: Instant;
  planned_start: Instant | null;
  planned_end: Instant | null;
  late_minutes: number | null;
  operations: { id: string; name: string; capability: string; minutes: number; slot: Slot | null }[];
}

export interface TrialRunRequest {
  title: string;
  procedure: string;
  size: number;
  release: Instant;
  due: Instant;
  attendance: Span[];
  client?: string;
}

export interface Booking {
  id: string;
  machine: string;
  title: string;
  client: Named;
  start: Instant;
  end: Instant;
  created_at: Instant;
}

export interface PlanKpis {
  weighted_tardiness: number;
  tardy_runs: number;
  makespan_minutes: number;
  changeover_minutes: number;
  utilisation_pct: number;
  runs: number;
  operations: number;
}

export interface Plan {
  id: string;
  version: number;
  status: 'draft' | 'published' | 'superseded';
  title: string;
  created_at: Instant;
  published_at: Instant | null;
  created_by: Named;
  solver: { status: string; objective: number; bound: number; gap_pct: number; wall_s: number };
  kpis: PlanKpis;
  /** Only on `GET /plans/{id}`. */
  slots?: Slot[];
}

export interface PlanComparison {
  kpis: { name: string; this: number; other: number; unit: string }[];
  moved: {
    operation: Named;
    run: { id: string; title: string };
    from: { machine: string; start: Instant };
    to: { machine: string; start: Instant };
  }[];
  added: unknown[];
  removed: unknown[];
}

export interface Solve {
  id: string;
  status: 'queued' | 'running' | 'done' | 'cancelled' | 'failed';
  title: string;
  requested_by: Named;
  created_at: Instant;
  started_at: Instant | null;
  ended_at: Instant | null;
  time_limit_s: number;
  progress: { wall_s: number; objective: number; bound: number; gap_pct: number; incumbents: number } | null;
  plan: string | null;
  message: string | null;
  /** Only on `GET /solves/{id}`. */
  trajectory?: { wall_s: number; objective: number; bound: number }[];
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code?: string;
  errors?: { pointer: string; code: string; message: string }[];
  request_id?: string;
}
