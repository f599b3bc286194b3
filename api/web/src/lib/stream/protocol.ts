/** What a tab and the shared worker say to each other. */
import type { Alarm, Plan, RunStatus, Solve, WireChange, WireSnapshot } from '$lib/api/types';
import type { ConnectionStatus } from './connection';

/** Frames of `GET /stream` by their event. */
export interface StreamEvents {
  snapshot: WireSnapshot;
  live: WireChange;
  alarm: Alarm;
  solve: Solve;
  plan: Pick<Plan, 'id' | 'version' | 'status'>;
  run: { id: string; status: RunStatus };
}

export type StreamEvent = { [E in keyof StreamEvents]: { event: E; data: StreamEvents[E] } }[keyof StreamEvents];

export type FromTab =
  /** Shows the stream of this user; another user's stream and snapshot are dropped first. */
  { kind: 'open'; user: string; url: string; awaitsFrame: boolean } | { kind: 'retry' } | { kind: 'close' };

export type ToTab = { kind: 'status'; status: ConnectionStatus } | { kind: 'frame'; frame: StreamEvent };

const EVENTS: ReadonlySet<string> = new Set<keyof StreamEvents>(['snapshot', 'live', 'alarm', 'solve', 'plan', 'run']);

/** Reads a frame's JSON; null for events that a newer server may add. */
export function parseFrame(event: string, data: string): StreamEvent | null {
  return EVENTS.has(event) ? ({ event, data: JSON.parse(data) } as StreamEvent) : null;
}
