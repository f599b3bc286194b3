/** Keeps one live stream open: notices silence, tries again with growing pauses. */
import { FrameReader, type Frame } from './frames';

export type ConnectionStatus =
  | { phase: 'connecting' }
  | { phase: 'live' }
  | { phase: 'lost'; since_ms: number; retry_at_ms: number }
  | { phase: 'signed-out' };

export interface ConnectionListener {
  onFrame(frame: Frame): void;
  onStatus(status: ConnectionStatus): void;
}

/** The server sends something at least each 5 s; twice that without a byte means it is gone. */
export const SILENCE_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A stream that ends sooner than this counts as a failure, or reopening it would spin. */
const SHORTEST_STREAM_MS = 1_000;

class SignedOut extends Error {}
class Refused extends Error {}

/**
 * One live stream.
 *
 * Characteristics:
 *   - buffers nothing: each frame goes to the listener as it is read
 *   - retries for ever: after 0.5 s, doubling to 15 s, ±20 % so that tabs and walls do not come back at once
 *   - live from its first frame, or from its first byte where no frame need come (a customer's stream):
 *     a server that accepts and then says nothing is not a live one
 *   - lost since the last byte, not since the silence was noticed
 *   - a stream that the server ends (it does so every ten minutes) is reopened at once, without a word
 *   - 401 ends it: `signed-out`
 */
export class LiveConnection {
  readonly #url: string;
  readonly #listener: ConnectionListener;
  readonly #awaitsFrame: boolean;
  #status: ConnectionStatus = { phase: 'connecting' };
  #closed = false;
  #attempt: AbortController | null = null;
  #wake: (() => void) | null = null;
  #failures = 0;
  #heard_ms = Date.now();

  /** @param awaitsFrame whether the server begins with a frame. */
  constructor(url: string, listener: ConnectionListener, awaitsFrame: boolean) {
    this.#url = url;
    this.#awaitsFrame = awaitsFrame;
    this.#listener = listener;
    void this.#run();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Tries again now instead of waiting for the pause to end. */
  retry(): void {
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#attempt?.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#readOnce();
      } catch (failure) {
        if (this.#closed) return;
        if (failure instanceof SignedOut) return this.#tell({ phase: 'signed-out' });
        await this.#pause();
      }
    }
  }

  /** Reads one stream to its end; throws when it fails or falls silent. */
  async #readOnce(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    let silence = setTimeout(() => attempt.abort(), SILENCE_MS);
    try {
      const response = await fetch(this.#url, {
        headers: { Accept: 'text/event-stream' },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: attempt.signal,
      });
      if (response.status === 401) throw new SignedOut();
      if (!response.ok || !response.body) throw new Refused(`HTTP ${response.status}`);
      const frames = new FrameReader();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const opened_ms = Date.now();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(silence);
        silence = setTimeout(() => attempt.abort(), SILENCE_MS);
        this.#hear(frames.push(value));
      }
      if (Date.now() - opened_ms < SHORTEST_STREAM_MS) throw new Refused('the stream ended at once');
    } finally {
      clearTimeout(silence);
    }
  }

  #hear(frames: readonly Frame[]): void {
    const alive = this.#status.phase === 'live' || frames.length > 0 || !this.#awaitsFrame;
    if (alive) {
      this.#failures = 0;
      this.#heard_ms = Date.now();
      if (this.#status.phase !== 'live') this.#tell({ phase: 'live' });
    }
    for (const frame of frames) this.#listener.onFrame(frame);
  }

  async #pause(): Promise<void> {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures) * (0.8 + 0.4 * Math.random());
    this.#failures += 1;
    this.#tell({ phase: 'lost', since_ms: this.#heard_ms, retry_at_ms: Date.now() + pause });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  #tell(status: ConnectionStatus): void {
    this.#status = status;
    this.#listener.onStatus(status);
  }
}
