/** Time to pixels: the Gantt's scale and the marks on its axis, days and hours of a zone. */
import type { Locale } from '$lib/i18n/locale';
import { formatInstant, startOfDay } from '$lib/time/format';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export interface Scale {
  start_ms: number;
  end_ms: number;
  px_per_hour: number;
}

export const toX = (scale: Scale, ms: number): number => ((ms - scale.start_ms) / HOUR_MS) * scale.px_per_hour;
export const toMs = (scale: Scale, x: number): number => scale.start_ms + (x / scale.px_per_hour) * HOUR_MS;
export const widthOf = (scale: Scale): number => toX(scale, scale.end_ms);

export interface Tick {
  ms: number;
  label: string;
  /** Midnight: a stronger line, and the day's name above. */
  day: boolean;
}

/** A label needs this much room. */
const DAY_LABEL_PX = 76;
const HOUR_LABEL_PX = 44;
const HOUR_STEPS = [1, 2, 3, 4, 6, 12] as const;

/** Midnights of the zone within a span; days of 23 and 25 hours included. */
export function midnights(start_ms: number, end_ms: number, zone: string): number[] {
  const days: number[] = [];
  let day = startOfDay(start_ms, zone);
  while (day < end_ms) {
    days.push(day);
    // Noon of the next day is in that day whether this one has 23, 24 or 25 hours.
    day = startOfDay(day + 1.5 * DAY_MS, zone);
  }
  return days;
}

/** The marks between two instants, as many as have room. */
export function ticks(scale: Scale, from_ms: number, to_ms: number, zone: string, locale: Locale): Tick[] {
  const dayPx = 24 * scale.px_per_hour;
  const every = Math.max(1, Math.ceil(DAY_LABEL_PX / dayPx));
  const step = HOUR_STEPS.find((hours) => hours * scale.px_per_hour >= HOUR_LABEL_PX);
  return midnights(from_ms, to_ms, zone).flatMap((day, index) => {
    const label = index % every === 0 ? formatInstant(day, zone, locale, 'day') : '';
    return [{ ms: day, label, day: true }, ...(step === undefined ? [] : hoursOf(day, step, zone, locale))];
  });
}

function hoursOf(day: number, step: number, zone: string, locale: Locale): Tick[] {
  const hours: Tick[] = [];
  for (let hour = step; hour < 24; hour += step) {
    const ms = day + hour * HOUR_MS;
    hours.push({ ms, label: formatInstant(ms, zone, locale, 'time'), day: false });
  }
  return hours;
}
