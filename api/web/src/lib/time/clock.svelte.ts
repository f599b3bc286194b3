/** The server's clock as this page knows it, ticking once a second. */

/** A jump of the server's or the viewer's clock beyond this is followed at once. */
const JUMP_MS = 2_000;

class Clock {
  /** The server's time, renewed each second; reading it in a component makes that component tick. */
  server_ms = $state(Date.now());
  #offset_ms = 0;
  #heard = false;

  constructor() {
    setInterval(() => this.#tick(), 1000);
    document.addEventListener('visibilitychange', () => this.#tick());
  }

  /** Notes the time the server just said; the least delayed message tells its clock best. */
  hear(server_ms: number): void {
    const offset = server_ms - Date.now();
    const jumped = Math.abs(offset - this.#offset_ms) > JUMP_MS;
    if (this.#heard && !jumped && offset <= this.#offset_ms) return;
    this.#offset_ms = offset;
    if (!this.#heard || jumped) this.#tick();
    this.#heard = true;
  }

  /** The server's time at this very moment. */
  now_ms(): number {
    return Date.now() + this.#offset_ms;
  }

  #tick(): void {
    if (document.visibilityState === 'visible') this.server_ms = this.now_ms();
  }
}

export const clock = new Clock();
