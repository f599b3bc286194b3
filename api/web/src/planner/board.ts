/** The plan as rows of bars: which machine, which slots, which of them make a run late. */
import type { Machine, Plan, Slot, Span, TrialRun } from '$lib/api/types';

export interface Bar {
  slot: Slot;
  setup_ms: number;
  start_ms: number;
  end_ms: number;
  /** How late the whole run ends, in ms; 0 when in time or without a due date. */
  late_ms: number;
}

export interface MachineRow {
  kind: 'machine';
  machine: Machine;
  /** By start. */
  bars: Bar[];
}
export interface SiteRow {
  kind: 'site';
  site: string;
}
export type Row = MachineRow | SiteRow;

/** How late each run ends in these slots. */
export function lateness(slots: readonly Slot[], runs: readonly TrialRun[]): Map<string, number> {
  const due = new Map(runs.map((run) => [run.id, Date.parse(run.due)]));
  const late = new Map<string, number>();
  for (const slot of slots) {
    const limit = due.get(slot.run.id);
    if (limit === undefined) continue;
    const by = Math.max(0, Date.parse(slot.end) - limit);
    late.set(slot.run.id, Math.max(by, late.get(slot.run.id) ?? 0));
  }
  return late;
}

/** The rows of a plan: machines in plant order, each site's under its heading. */
export function rowsOf(machines: readonly Machine[], slots: readonly Slot[], late: ReadonlyMap<string, number>): Row[] {
  const bars = new Map<string, Bar[]>(machines.map((machine) => [machine.id, []]));
  for (const slot of slots) bars.get(slot.machine)?.push(barOf(slot, late.get(slot.run.id) ?? 0));
  for (const own of bars.values()) own.sort((a, b) => a.start_ms - b.start_ms);
  const rows: Row[] = [];
  for (const site of new Set(machines.map((machine) => machine.site))) {
    rows.push({ kind: 'site', site });
    for (const machine of machines) {
      if (machine.site === site) rows.push({ kind: 'machine', machine, bars: bars.get(machine.id) ?? [] });
    }
  }
  return rows;
}

function barOf(slot: Slot, late_ms: number): Bar {
  return {
    slot,
    setup_ms: Date.parse(slot.setup_start),
    start_ms: Date.parse(slot.start),
    end_ms: Date.parse(slot.end),
    late_ms,
  };
}

/** From the first slot's changeover to the last slot's end; null without slots. */
export function extent(slots: readonly Slot[]): { start_ms: number; end_ms: number } | null {
  if (slots.length === 0) return null;
  return {
    start_ms: Math.min(...slots.map((slot) => Date.parse(slot.setup_start))),
    end_ms: Math.max(...slots.map((slot) => Date.parse(slot.end))),
  };
}

/** What lies between working hours within a span. */
export function closedSpans(open: readonly Span[], start_ms: number, end_ms: number): [number, number][] {
  const closed: [number, number][] = [];
  let from = start_ms;
  for (const span of open) {
    const start = Date.parse(span.start);
    if (start > from) closed.push([from, Math.min(start, end_ms)]);
    from = Math.max(from, Date.parse(span.end));
  }
  if (from < end_ms) closed.push([from, end_ms]);
  return closed;
}

/** The bars that a window of time shows. */
export function visibleBars(bars: readonly Bar[], from_ms: number, to_ms: number): Bar[] {
  return bars.filter((bar) => bar.end_ms > from_ms && bar.setup_ms < to_ms);
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The bar that an arrow key leads to; the same one at an edge. */
export function neighbour(rows: readonly Row[], slot: string, direction: Direction): Bar | null {
  const at = rows.findIndex((row) => row.kind === 'machine' && row.bars.some((bar) => bar.slot.id === slot));
  const row = rows[at];
  if (row?.kind !== 'machine') return null;
  const index = row.bars.findIndex((bar) => bar.slot.id === slot);
  const here = row.bars[index];
  if (here === undefined) return null;
  if (direction === 'left') return row.bars[index - 1] ?? here;
  if (direction === 'right') return row.bars[index + 1] ?? here;
  const step = direction === 'up' ? -1 : 1;
  for (let next = at + step; next >= 0 && next < rows.length; next += step) {
    const other = rows[next];
    if (other?.kind === 'machine' && other.bars.length > 0) return nearest(other.bars, here.start_ms);
  }
  return here;
}

function nearest(bars: readonly Bar[], ms: number): Bar | null {
  return bars.reduce<Bar | null>(
    (best, bar) => (best && Math.abs(best.start_ms - ms) <= Math.abs(bar.start_ms - ms) ? best : bar),
    null,
  );
}

/** The plan a planner wants to see first: the newest draft made after the published plan, else the published one. */
export function firstChoice(plans: readonly Plan[]): Plan | null {
  const published = plans.find((plan) => plan.status === 'published');
  const draft = plans.find((plan) => plan.status === 'draft');
  if (draft && (!published || Date.parse(draft.created_at) > Date.parse(published.created_at))) return draft;
  return published ?? plans[0] ?? null;
}
