/** The plant as the pages need it everywhere: sites, halls, machines. Loaded once after sign-in. */
import { readMachines, readPlant, type Machine, type Plant, type Site } from '$lib/api';
import { Resource } from '$lib/resource.svelte';
import { live } from '$lib/stream/live.svelte';

export interface PlantView {
  plant: Plant;
  machines: Machine[];
  machineById: ReadonlyMap<string, Machine>;
  siteById: ReadonlyMap<string, Site>;
}

async function load(): Promise<PlantView> {
  const [plant, machines] = await Promise.all([readPlant(), readMachines()]);
  // Made here, outside any reaction: a reaction does not follow state that it made itself.
  for (const machine of machines) live.machine(machine.id);
  return {
    plant,
    machines,
    machineById: new Map(machines.map((machine) => [machine.id, machine])),
    siteById: new Map(plant.sites.map((site) => [site.id, site])),
  };
}

export const plant = new Resource<PlantView>(load);

/** The machine's name, or its id while the plant is not loaded. */
export function machineName(id: string): string {
  return plant.data?.machineById.get(id)?.name ?? id;
}

/** The IANA zone of the machine's site. */
export function zoneOfMachine(id: string): string {
  const site = plant.data?.machineById.get(id)?.site;
  return (site !== undefined && plant.data?.siteById.get(site)?.time_zone) || 'UTC';
}

export function hallName(machine: Machine): string {
  const halls = plant.data?.siteById.get(machine.site)?.halls ?? [];
  return halls.find((hall) => hall.id === machine.hall)?.name ?? machine.hall;
}
