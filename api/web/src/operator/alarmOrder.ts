/** In which order alarms are read. */
import type { Alarm } from '$lib/api';
import { SEVERITIES } from '$lib/state/severity';

/** The newest first. */
export function byTime(one: Alarm, other: Alarm): number {
  return other.raised_at.localeCompare(one.raised_at);
}

/** Those that wait for acknowledgement first, then the worst, then the newest. */
export function byUrgency(one: Alarm, other: Alarm): number {
  return (
    Number(one.acknowledged_at !== null) - Number(other.acknowledged_at !== null) ||
    SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
    byTime(one, other)
  );
}
