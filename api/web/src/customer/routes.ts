/** The customer's pages; planners share those of the trial runs. */
import { PLANNERS, type Role } from '$lib/api/types';
import type { Route } from '$lib/router.svelte';

const RUN_READERS: readonly Role[] = [...PLANNERS, 'customer'];

export const customerRoutes: readonly Route[] = [
  {
    path: '/slots',
    title: 'slots.title',
    roles: ['customer'],
    load: () => import('./SlotsPage.svelte'),
    nav: { icon: 'calendar', label: 'nav.slots' },
  },
  {
    path: '/trial-runs',
    title: 'runs.title',
    roles: RUN_READERS,
    load: () => import('./TrialRunsPage.svelte'),
    nav: { icon: 'runs', label: 'nav.runs' },
  },
  { path: '/trial-runs/new', title: 'request.title', roles: RUN_READERS, load: () => import('./RequestPage.svelte') },
  { path: '/trial-runs/:run', title: 'run.title', roles: RUN_READERS, load: () => import('./TrialRunPage.svelte') },
];
