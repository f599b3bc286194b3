/** Which machines the overview shows, in which order and groups. */
import type { Machine, Site } from '$lib/api';
import { word } from '$lib/i18n/index.svelte';
import { lookOfMachine, type StateCategory } from '$lib/state/packml';
import { live } from '$lib/stream/live.svelte';

export type Grouping = 'site' | 'sector' | 'none';
export type Sorting = 'plant' | 'abnormal' | 'name';

export interface Filter {
  text: string;
  site: string;
  sector: string;
  categories: ReadonlySet<StateCategory>;
}

export interface Group {
  id: string;
  name: string;
  site: Site | null;
  machines: Machine[];
}

export function categoryOf(machine: Machine): StateCategory {
  return lookOfMachine(live.machine(machine.id)).category;
}

/** How many machines are in each state; none before the first snapshot. */
export function countStates(machines: readonly Machine[]): ReadonlyMap<StateCategory, number> {
  const counts = new Map<StateCategory, number>();
  if (!live.ready) return counts;
  for (const machine of machines) {
    const category = categoryOf(machine);
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return counts;
}

/** Whether a machine passes everything but the choice of states, which is counted apart. */
export function matches(machine: Machine, filter: Filter): boolean {
  if (filter.site !== '' && machine.site !== filter.site) return false;
  if (filter.sector !== '' && machine.sector !== filter.sector) return false;
  const text = filter.text.trim().toLocaleLowerCase();
  return text === '' || `${machine.name} ${machine.id} ${machine.kind}`.toLocaleLowerCase().includes(text);
}

export function sortMachines(machines: Machine[], sorting: Sorting): Machine[] {
  if (sorting === 'name') return machines.toSorted((one, other) => one.name.localeCompare(other.name));
  if (sorting === 'plant') return machines;
  return machines.toSorted((one, other) => rank(one) - rank(other));
}

/** States that differ only in being normal share a rank: an order that never rests cannot be read. */
function rank(machine: Machine): number {
  const look = lookOfMachine(live.machine(machine.id));
  return look.abnormal ? look.rank : Number.MAX_SAFE_INTEGER;
}

export function groupMachines(machines: Machine[], grouping: Grouping, sites: ReadonlyMap<string, Site>): Group[] {
  if (grouping === 'none') return [{ id: 'all', name: '', site: null, machines }];
  const groups = new Map<string, Group>();
  for (const machine of machines) {
    const id = grouping === 'site' ? machine.site : machine.sector;
    const site = grouping === 'site' ? (sites.get(id) ?? null) : null;
    const name = site?.name ?? (grouping === 'site' ? id : word('sector', id));
    const group = groups.get(id) ?? { id, name, site, machines: [] };
    group.machines.push(machine);
    groups.set(id, group);
  }
  return [...groups.values()];
}
