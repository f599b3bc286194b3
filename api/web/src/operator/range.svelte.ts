/** The time shown on a machine's page: a window that follows the present, or a fixed one. */
import { clock } from '$lib/time/clock.svelte';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const RANGES = {
  '15min': 15 * MINUTE,
  '1h': HOUR,
  '8h': 8 * HOUR,
  '24h': 24 * HOUR,
  '7d': 7 * 24 * HOUR,
} as const;
export type RangeName = keyof typeof RANGES;

const SHORTEST_MS = 10_000;
const LONGEST_MS = 400 * 24 * HOUR;

export interface Window {
  start_ms: number;
  end_ms: number;
}

export class TimeRange {
  /** The range that is followed or was last followed. */
  name = $state<RangeName>('1h');
  fixed = $state.raw<Window | null>(null);

  constructor(name: string | null) {
    if (name !== null && name in RANGES) this.name = name as RangeName;
  }

  get following(): boolean {
    return this.fixed === null;
  }

  get length_ms(): number {
    return this.fixed ? this.fixed.end_ms - this.fixed.start_ms : RANGES[this.name];
  }

  /** What is shown now; moves once a second while it follows the present. */
  get window(): Window {
    return this.fixed ?? { start_ms: clock.server_ms - RANGES[this.name], end_ms: clock.server_ms };
  }

  follow(name: RangeName = this.name): void {
    this.name = name;
    this.fixed = null;
  }

  /** Shows a span and stops following; never less than ten seconds, never the future. */
  show(start_ms: number, end_ms: number): void {
    const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, end_ms - start_ms));
    const middle = (start_ms + end_ms) / 2;
    const end = Math.min(clock.now_ms(), middle + length / 2);
    this.fixed = { start_ms: end - length, end_ms: end };
  }

  zoom(factor: number): void {
    const { start_ms, end_ms } = this.window;
    const middle = (start_ms + end_ms) / 2;
    const half = ((end_ms - start_ms) * factor) / 2;
    this.show(middle - half, middle + half);
  }

  /** Moves by a share of the length: negative is earlier. */
  pan(share: number): void {
    const { start_ms, end_ms } = this.window;
    const distance = (end_ms - start_ms) * share;
    this.show(start_ms + distance, end_ms + distance);
  }
}
