/** Where a time axis has its marks: round local times of a zone. */
import { fromLocal, offset_ms, startOfDay, toLocal } from './format';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  10_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY,
] as const;

export interface Tick {
  ms: number;
  /** Whether a day begins here. */
  midnight: boolean;
}

/** Round local instants within a span, at most `most` of them; summer time does not shift them. */
export function ticksBetween(start_ms: number, end_ms: number, zone: string, most: number): Tick[] {
  const step = STEPS.find((one) => (end_ms - start_ms) / one <= most) ?? 7 * DAY;
  return step >= DAY ? days(start_ms, end_ms, zone, step / DAY) : steps(start_ms, end_ms, zone, step);
}

/** The step between marks, in ms: axes with a step of seconds write seconds. */
export function stepFor(start_ms: number, end_ms: number, most: number): number {
  return STEPS.find((one) => (end_ms - start_ms) / one <= most) ?? 7 * DAY;
}

function days(start_ms: number, end_ms: number, zone: string, every: number): Tick[] {
  const ticks: Tick[] = [];
  const first = Date.parse(`${toLocal(startOfDay(start_ms, zone), zone)}Z`);
  for (let wall = first; ; wall += every * DAY) {
    const ms = fromLocal(new Date(wall).toISOString().slice(0, 16), zone);
    if (ms > end_ms) return ticks;
    if (ms >= start_ms) ticks.push({ ms, midnight: true });
  }
}

function steps(start_ms: number, end_ms: number, zone: string, step: number): Tick[] {
  const ticks: Tick[] = [];
  let ms = start_ms;
  while (ms <= end_ms) {
    const offset = offset_ms(ms, zone);
    const round = Math.ceil((ms + offset) / step) * step - offset;
    // Across a change of the clocks the offset at the mark itself counts.
    const mark = round + offset - offset_ms(round, zone);
    if (mark >= start_ms && mark <= end_ms) ticks.push({ ms: mark, midnight: (mark + offset_ms(mark, zone)) % DAY === 0 });
    ms = Math.max(mark, ms) + step / 2;
  }
  return ticks.filter((tick, at) => at === 0 || tick.ms !== ticks[at - 1]?.ms);
}
