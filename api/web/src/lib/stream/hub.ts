/** One connection for many listeners: the heart of the shared worker, and of a tab without one. */
import { LiveConnection, type ConnectionStatus } from './connection';
import type { Frame } from './frames';
import { mergeInto } from './merge';
import { parseFrame, type FromTab, type ToTab } from './protocol';
import type { WireSnapshot } from '$lib/api/types';

/**
 * Shares one live stream among tabs.
 *
 * Characteristics:
 *   - keeps the newest value of every tag, so that a tab that comes late starts complete
 *   - a listener that cannot keep up is not waited for: frames are posted, never queued here
 *   - one user at a time: another user's values are dropped before a byte of the new stream is read
 */
export class StreamHub {
  readonly #listeners = new Set<(message: ToTab) => void>();
  #user: string | null = null;
  #connection: LiveConnection | null = null;
  #snapshot: WireSnapshot | null = null;

  add(listener: (message: ToTab) => void): void {
    this.#listeners.add(listener);
  }

  receive(message: FromTab, from: (message: ToTab) => void): void {
    if (message.kind === 'retry') return this.#connection?.retry();
    if (message.kind === 'close') return this.#close();
    if (message.user !== this.#user || this.#connection === null) this.#open(message);
    this.#welcome(from);
  }

  #open({ user, url, awaitsFrame }: Extract<FromTab, { kind: 'open' }>): void {
    this.#close();
    this.#user = user;
    const listener = {
      onStatus: (status: ConnectionStatus) => this.#onStatus(status),
      onFrame: (frame: Frame) => this.#onFrame(frame),
    };
    this.#connection = new LiveConnection(url, listener, awaitsFrame);
  }

  #onFrame({ event, data }: Frame): void {
    const frame = parseFrame(event, data);
    if (frame === null) return;
    if (frame.event === 'snapshot') this.#snapshot = frame.data;
    if (frame.event === 'live' && this.#snapshot) mergeInto(this.#snapshot, frame.data);
    this.#tell({ kind: 'frame', frame });
  }

  #onStatus(status: ConnectionStatus): void {
    if (status.phase === 'signed-out') this.#close();
    this.#tell({ kind: 'status', status });
  }

  #welcome(listener: (message: ToTab) => void): void {
    if (this.#connection) listener({ kind: 'status', status: this.#connection.status });
    if (this.#snapshot) listener({ kind: 'frame', frame: { event: 'snapshot', data: this.#snapshot } });
  }

  #close(): void {
    this.#connection?.close();
    this.#connection = null;
    this.#snapshot = null;
    this.#user = null;
  }

  #tell(message: ToTab): void {
    for (const listener of this.#listeners) listener(message);
  }
}
