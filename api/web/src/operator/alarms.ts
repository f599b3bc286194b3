/** How alarms are read: their text and their order. */
import type { Alarm } from '$lib/api';
import { SEVERITIES } from '$lib/state/severity';

/** What an alarm says, without the machine's name where that stands beside it anyway. */
export function textBeside(machine: string, alarm: Alarm): string {
  const prefix = `${machine}: `;
  return alarm.message.startsWith(prefix) ? alarm.message.slice(prefix.length) : alarm.message;
}

/**
 * Whether an alarm may have ended unseen, because its machine is not heard now. A lost connection is
 * just what is known then.
 */
export function isUnconfirmed(alarm: Alarm, heard: boolean): boolean {
  return alarm.cleared_at === null && alarm.kind !== 'connection' && !heard;
}

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
