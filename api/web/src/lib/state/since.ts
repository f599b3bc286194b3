/** Since when a machine is in the state that is shown. */
import type { Machine } from '$lib/api/types';
import type { LiveMachine } from '$lib/stream/live.svelte';

/**
 * The instant the shown state began, in ms, or null when nobody knows.
 *
 * A connected machine says so itself: OPC UA sends its state tag on change, with the time of the
 * change. For a lost one it is the loss.
 */
export function stateSince_ms(machine: Machine, live: LiveMachine): number | null {
  if (!live.connected) return live.since_ms;
  const tag = machine.tags.find((one) => one.role === 'state');
  return (tag && live.values[tag.id]?.[1]) ?? live.since_ms;
}
