/** The open alarms of the plant: active, or gone but not acknowledged. Kept current by the stream. */
import { SvelteMap } from 'svelte/reactivity';
import { readAlarms, type Alarm, type AlarmFilter } from '$lib/api';
import { live } from '$lib/stream/live.svelte';

const PAGE = 200;

export function isOpen(alarm: Alarm): boolean {
  return alarm.cleared_at === null || alarm.acknowledged_at === null;
}

class AlarmBoard {
  readonly #open = new SvelteMap<string, Alarm>();
  error = $state.raw<unknown>(undefined);

  readonly #byMachine = $derived.by(() => {
    const groups = new Map<string, Alarm[]>();
    for (const alarm of this.#open.values()) {
      const group = groups.get(alarm.machine);
      if (group) group.push(alarm);
      else groups.set(alarm.machine, [alarm]);
    }
    return groups;
  });
  readonly active = $derived([...this.#open.values()].filter((alarm) => alarm.cleared_at === null));
  readonly unacknowledged = $derived([...this.#open.values()].filter((alarm) => alarm.acknowledged_at === null));

  /** Starts to follow the alarms; returns what ends that. Every new snapshot means frames may have been missed. */
  follow(): () => void {
    void this.#load();
    const stops = [live.on('alarm', (alarm) => this.put(alarm)), live.on('snapshot', () => void this.#load())];
    return () => {
      for (const stop of stops) stop();
      this.#open.clear();
    };
  }

  /** Notes an alarm's newest state. */
  put(alarm: Alarm): void {
    if (isOpen(alarm)) this.#open.set(alarm.id, alarm);
    else this.#open.delete(alarm.id);
  }

  ofMachine(machine: string): readonly Alarm[] {
    return this.#byMachine.get(machine) ?? [];
  }

  async #load(): Promise<void> {
    try {
      const [active, unacknowledged] = await Promise.all([readAll('active'), readAll('unacknowledged')]);
      this.#open.clear();
      for (const alarm of [...active, ...unacknowledged]) this.#open.set(alarm.id, alarm);
      this.error = undefined;
    } catch (failure) {
      this.error = failure;
    }
  }
}

async function readAll(state: AlarmFilter): Promise<Alarm[]> {
  return (await readAlarms({ state, limit: PAGE })).items;
}

export const alarmBoard = new AlarmBoard();
