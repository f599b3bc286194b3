/** Instants, durations and ages as text, in a given zone and language. */
import type { Locale } from '$lib/i18n/locale';

const cache = new Map<string, Intl.DateTimeFormat>();

/** Formats cost much to make and little to use: each is made once. */
function formatter(locale: Locale, zone: string, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${locale}|${zone}|${key}`;
  let format = cache.get(id);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(LANGUAGE_TAG[locale], { ...options, timeZone: zone, hourCycle: 'h23' });
    cache.set(id, format);
  }
  return format;
}

/** Languages with the regional conventions of the pilot line's country. */
export const LANGUAGE_TAG: Record<Locale, string> = { en: 'en-GB', da: 'da-DK' };

export type TimeStyle = 'time' | 'seconds' | 'date' | 'day' | 'datetime' | 'full';

const STYLES: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  time: { hour: '2-digit', minute: '2-digit' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  datetime: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  },
};

export function formatInstant(ms: number, zone: string, locale: Locale, style: TimeStyle): string {
  return formatter(locale, zone, style, STYLES[style]).format(ms);
}

/** `2026-11-22` in the zone: whether two instants share a calendar day. */
export function dayKey(ms: number, zone: string): string {
  return formatter('en', zone, 'dayKey', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms);
}

/** The zone's short name at this instant, such as `CET` or `GMT-5`. */
export function zoneName(ms: number, zone: string, locale: Locale): string {
  const parts = formatter(locale, zone, 'zone', { timeZoneName: 'short' }).formatToParts(ms);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

const UNITS: Record<Locale, { s: string; min: string; h: string; d: string }> = {
  en: { s: 's', min: 'min', h: 'h', d: 'd' },
  da: { s: 's', min: 'min', h: 't', d: 'd' },
};

/** A duration in at most two units: `4 s`, `12 min`, `2 h 05 min`, `3 d 4 h`. Spaces do not break. */
export function formatDuration(ms: number, locale: Locale): string {
  const unit = UNITS[locale];
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return join(days, unit.d, hours % 24, unit.h);
  if (hours > 0) return join(hours, unit.h, minutes % 60, unit.min, true);
  if (minutes > 0) return `${minutes}\u00a0${unit.min}`;
  return `${seconds}\u00a0${unit.s}`;
}

function join(major: number, majorUnit: string, minor: number, minorUnit: string, pad = false): string {
  const first = `${major}\u00a0${majorUnit}`;
  if (minor === 0) return first;
  return `${first}\u00a0${pad ? String(minor).padStart(2, '0') : minor}\u00a0${minorUnit}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The instant at which the clocks of a zone show this local wall time (`2026-11-22T08:00`).
 *
 * In the hour that summer time skips, the instant after the jump; in the one it repeats, the first.
 */
export function fromLocal(local: string, zone: string): number {
  const wall = Date.parse(`${local}Z`);
  // The offsets before and after any change of the clocks near it.
  const earlier = wall - offset_ms(wall - 12 * HOUR_MS, zone);
  const later = wall - offset_ms(wall + 12 * HOUR_MS, zone);
  const meant = [earlier, later].filter((ms) => ms + offset_ms(ms, zone) === wall);
  return meant.length > 0 ? Math.min(...meant) : earlier;
}

/** The zone's local wall time at an instant, as `datetime-local` inputs want it. */
export function toLocal(ms: number, zone: string): string {
  return new Date(ms + offset_ms(ms, zone)).toISOString().slice(0, 16);
}

/** How far the zone's clocks are ahead of UTC at an instant. */
export function offset_ms(ms: number, zone: string): number {
  const parts = formatter('en', zone, 'offset', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return wall - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

/** Midnight that begins the zone's day of this instant. */
export function startOfDay(ms: number, zone: string): number {
  return fromLocal(`${toLocal(ms, zone).slice(0, 10)}T00:00`, zone);
}
