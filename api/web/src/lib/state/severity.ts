/** Alarm severities in order of urgency. */
import type { Severity } from '$lib/api/types';

export const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

export function worst(severities: Iterable<Severity>): Severity | null {
  const found = new Set(severities);
  return SEVERITIES.find((severity) => found.has(severity)) ?? null;
}
