/** The newest state of every machine, for components to read; filled by the live stream. */
import { BASE } from '$lib/api/client';
import type { Scalar, StateWord, WireChange, WireMachine, WireSnapshot, WireValue } from '$lib/api/types';
import { clock } from '$lib/time/clock.svelte';
import { Cadence } from './cadence';
import { openChannel, type Channel } from './channel';
import type { ConnectionStatus } from './connection';
import { mergeChanges } from './merge';
import type { StreamEvents, ToTab } from './protocol';

/** What is known of one machine now. */
export class LiveMachine {
  connected = $state(true);
  state = $state<StateWord | null>(null);
  /** Since when it is connected, or lost. */
  since_ms = $state<number | null>(null);
  job = $state<string | null>(null);
  /** False until the first snapshot has told of this machine. */
  known = $state(false);
  values = $state.raw<Readonly<Record<string, WireValue>>>({});
  readonly #cadences = new Map<string, Cadence>();

  apply(change: Partial<WireMachine>): void {
    this.known = true;
    if (change.connected !== undefined) this.connected = change.connected;
    if (change.state !== undefined) this.state = change.state;
    if (change.since_ms !== undefined) this.since_ms = change.since_ms;
    if (change.job !== undefined) this.job = change.job;
    if (change.values === undefined) return;
    for (const [tag, [, source_ms]] of Object.entries(change.values)) this.#cadence(tag).note(source_ms);
    this.values = { ...this.values, ...change.values };
  }

  /** The newest value of a tag, or null when there never was one. */
  value(tag: string): Scalar | null {
    return this.values[tag]?.[0] ?? null;
  }

  /** Age in ms, never below zero: clocks of machines differ. */
  age_ms(tag: string): number | null {
    const sample = this.values[tag];
    return sample ? Math.max(0, clock.server_ms - sample[1]) : null;
  }

  /** Whether the value no longer tells what is: the machine is gone, or a steady tag fell silent. */
  stale(tag: string): boolean {
    const age = this.age_ms(tag);
    if (age === null) return false;
    if (!this.connected || live.status.phase === 'lost') return true;
    const limit = this.#cadence(tag).staleAfter_ms;
    return limit !== null && age > limit;
  }

  #cadence(tag: string): Cadence {
    let cadence = this.#cadences.get(tag);
    if (cadence === undefined) this.#cadences.set(tag, (cadence = new Cadence()));
    return cadence;
  }
}

type Listener<E extends keyof StreamEvents> = (data: StreamEvents[E]) => void;

/**
 * The live stream as the pages see it.
 *
 * Characteristics:
 *   - newest wins: frames between two paints are merged and shown as one
 *   - at most one flush per animation frame; none while the tab is hidden, whose pending change stays bounded
 *   - other events (`alarm`, `solve`, `plan`, `run`) are never merged: each reaches every listener, in order
 */
class Live {
  status = $state.raw<ConnectionStatus>({ phase: 'connecting' });
  /** True once a snapshot has arrived. */
  ready = $state(false);
  readonly #machines = new Map<string, LiveMachine>();
  readonly #listeners = new Map<keyof StreamEvents, Set<(data: never) => void>>();
  #channel: Channel | null = null;
  #pending: WireChange | null = null;

  /** Starts to show the stream of this user; staff's begins with a snapshot. */
  open(user: string, staff: boolean): void {
    this.#forget();
    this.#channel ??= openChannel((message) => this.#receive(message));
    const url = new URL(`${BASE}/stream`, location.origin).href;
    this.#channel.send({ kind: 'open', user, url, awaitsFrame: staff });
  }

  close(): void {
    this.#channel?.send({ kind: 'close' });
    this.#forget();
  }

  /** Tries to connect again now. */
  retry(): void {
    this.#channel?.send({ kind: 'retry' });
  }

  /** The machine with this id; the same object for ever, so that components may hold it. */
  machine(id: string): LiveMachine {
    let machine = this.#machines.get(id);
    if (machine === undefined) this.#machines.set(id, (machine = new LiveMachine()));
    return machine;
  }

  /** Calls `listener` for each event of one kind; returns what ends that. */
  on<E extends keyof StreamEvents>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener as (data: never) => void);
    return () => listeners.delete(listener as (data: never) => void);
  }

  #receive(message: ToTab): void {
    if (message.kind === 'status') {
      this.status = message.status;
      return;
    }
    const { event, data } = message.frame;
    if (event === 'snapshot') this.#replace(data);
    if (event === 'live') this.#queue(data);
    for (const listener of this.#listeners.get(event) ?? []) listener(data as never);
  }

  #replace(snapshot: WireSnapshot): void {
    this.#pending = null;
    clock.hear(snapshot.server_ms);
    for (const [id, machine] of Object.entries(snapshot.machines)) this.machine(id).apply(machine);
    this.ready = true;
  }

  #queue(change: WireChange): void {
    clock.hear(change.server_ms);
    if (this.#pending) return mergeChanges(this.#pending, change);
    this.#pending = structuredClone(change);
    requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    const change = this.#pending;
    this.#pending = null;
    for (const [id, machine] of Object.entries(change?.machines ?? {})) this.machine(id).apply(machine);
  }

  #forget(): void {
    this.#machines.clear();
    this.#pending = null;
    this.ready = false;
    this.status = { phase: 'connecting' };
  }
}

export const live = new Live();
