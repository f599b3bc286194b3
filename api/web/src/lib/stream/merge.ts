/** Newest-wins merging of live frames. */
import type { WireChange, WireMachine, WireSnapshot } from '$lib/api/types';

export const UNKNOWN_MACHINE: WireMachine = { connected: false, state: null, since_ms: null, job: null, values: {} };

/** Writes what changed into `target`, tag by tag; the newest value of each wins. */
export function mergeInto(target: WireSnapshot, change: WireChange): void {
  target.server_ms = Math.max(target.server_ms, change.server_ms);
  for (const [id, changed] of Object.entries(change.machines ?? {})) {
    const known = target.machines[id] ?? UNKNOWN_MACHINE;
    target.machines[id] = { ...known, ...changed, values: { ...known.values, ...changed.values } };
  }
}

/** Adds a later change to a pending one. */
export function mergeChanges(pending: WireChange, later: WireChange): void {
  pending.server_ms = Math.max(pending.server_ms, later.server_ms);
  const machines = (pending.machines ??= {});
  for (const [id, changed] of Object.entries(later.machines ?? {})) {
    const known = machines[id];
    machines[id] = known ? { ...known, ...changed, values: { ...known.values, ...changed.values } } : changed;
  }
}
