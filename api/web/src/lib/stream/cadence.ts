/** Learns how often a tag sends, so that a value which stopped coming can be told from one that rests. */

const ENOUGH = 6;
const LEAST_STALE_MS = 5_000;
/** How much of a long interval is forgotten with each shorter one. */
const FORGET = 0.1;

/**
 * The rhythm of one tag.
 *
 * OPC UA sends on change, so a tag may rest for hours in good health; only a tag with a steady
 * rhythm can be late. The longest recent interval stands for the rhythm: irregular tags raise it
 * and are judged mildly.
 */
export class Cadence {
  #last_ms: number | null = null;
  #interval_ms = 0;
  #count = 0;

  /** Notes a value's source time. */
  note(source_ms: number): void {
    if (this.#last_ms !== null && source_ms > this.#last_ms) {
      const interval = source_ms - this.#last_ms;
      this.#interval_ms = Math.max(interval, this.#interval_ms * (1 - FORGET) + interval * FORGET);
      this.#count += 1;
    }
    this.#last_ms = Math.max(source_ms, this.#last_ms ?? 0);
  }

  /** The age from which the value is stale, in ms; null while no rhythm is known. */
  get staleAfter_ms(): number | null {
    return this.#count < ENOUGH ? null : Math.max(3 * this.#interval_ms, LEAST_STALE_MS);
  }
}
