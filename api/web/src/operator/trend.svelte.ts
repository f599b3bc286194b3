/** The data behind a machine's trends: history at the screen's resolution, and live values after it. */
import { readGaps, readHistory, readStates, type Gap, type Series, type StateSpan, type Tag, type WireValue } from '$lib/api';
import { clock } from '$lib/time/clock.svelte';
import type { TimeRange, Window } from './range.svelte';

/** One tag's points in the order of time; null in a row breaks the line. */
export interface Trend {
  t: number[];
  min: (number | null)[];
  mean: (number | null)[];
  max: (number | null)[];
  gaps: Gap[];
}

/** A window is read this much wider on both sides, so that lines reach the edges. */
const MARGIN = 0.02;
/** While following, history is read anew after this many live points, or a tenth of the window. */
const MOST_LIVE_POINTS = 600;
/** After a failure history is asked for again no sooner than this. */
const RETRY_MS = 15_000;

export function numeric(value: unknown): number | null {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Turns a series into points, with a break at every gap. */
export function toTrend(series: Series): Trend {
  const trend: Trend = { t: [], min: [], mean: [], max: [], gaps: series.gaps };
  const breaks = series.gaps.map((gap) => Date.parse(gap.start)).sort((one, other) => one - other);
  let next = 0;
  for (const [at, ms] of series.t.entries()) {
    while (next < breaks.length && (breaks[next] as number) <= ms) {
      if (trend.t.length > 0) pushPoint(trend, Math.min(breaks[next] as number, ms - 1), null, null, null);
      next += 1;
    }
    const last = numeric(series.last[at]);
    pushPoint(trend, ms, series.min[at] ?? last, series.mean[at] ?? last, series.max[at] ?? last);
  }
  return trend;
}

function pushPoint(trend: Trend, ms: number, min: number | null, mean: number | null, max: number | null): void {
  trend.t.push(ms);
  trend.min.push(min);
  trend.mean.push(mean);
  trend.max.push(max);
}

/** Shared by the charts, the timeline and the CSV of one machine's page. */
export class MachineData {
  /** By tag id. Replaced when read anew, grown in place by live values: `version` counts both. */
  trends = $state.raw<ReadonlyMap<string, Trend>>(new Map());
  states = $state.raw<readonly StateSpan[] | null>(null);
  /** Gaps of the whole machine. */
  gaps = $state.raw<readonly Gap[]>([]);
  version = $state(0);
  loading = $state(false);
  error = $state.raw<unknown>(undefined);
  /** When the history now shown was read. */
  read_ms = 0;
  #livePoints = 0;
  #failed_ms = 0;
  #attempt: AbortController | null = null;
  readonly #machine: string;

  constructor(machine: string) {
    this.#machine = machine;
  }

  /** Reads the window at the screen's resolution; what is shown stays until the answer has come. */
  async read(window: Window, tags: readonly string[], points: number): Promise<void> {
    this.#attempt?.abort();
    const attempt = (this.#attempt = new AbortController());
    const margin = (window.end_ms - window.start_ms) * MARGIN;
    const span = {
      start: new Date(window.start_ms - margin).toISOString(),
      end: new Date(Math.min(window.end_ms + margin, clock.now_ms())).toISOString(),
    };
    this.loading = true;
    try {
      const [history, states, gaps] = await Promise.all([
        tags.length > 0 ? readHistory(this.#machine, [...tags], span, points, attempt.signal) : null,
        readStates(this.#machine, span, attempt.signal),
        readGaps(this.#machine, span, attempt.signal),
      ]);
      if (attempt.signal.aborted) return;
      this.trends = new Map((history?.series ?? []).map((series) => [series.tag, toTrend(series)]));
      this.states = states;
      this.gaps = gaps.filter((gap) => gap.tag === null);
      this.error = undefined;
      this.read_ms = clock.now_ms();
      this.#livePoints = 0;
      this.version += 1;
    } catch (failure) {
      if (attempt.signal.aborted) return;
      this.error = failure;
      this.#failed_ms = clock.now_ms();
    }
    this.loading = false;
  }

  stop(): void {
    this.#attempt?.abort();
  }

  /** Adds live values behind the history. */
  append(tags: readonly Tag[], values: Readonly<Record<string, WireValue>>): void {
    for (const tag of tags) {
      const trend = this.trends.get(tag.id);
      const sample = values[tag.id];
      if (!trend || !sample || sample[1] <= (trend.t.at(-1) ?? 0)) continue;
      const value = sample[2] === 'bad' ? null : numeric(sample[0]);
      pushPoint(trend, sample[1], value, value, value);
      this.#livePoints += 1;
      this.version += 1;
    }
  }

  /** Whether the live tail has outgrown the history before it. */
  outgrown(range: TimeRange): boolean {
    if (clock.server_ms - this.#failed_ms < RETRY_MS) return false;
    const grown_ms = clock.server_ms - this.read_ms;
    return range.following && (this.#livePoints > MOST_LIVE_POINTS || grown_ms > range.length_ms / 10);
  }
}
