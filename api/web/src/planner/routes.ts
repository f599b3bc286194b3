/** The planner's pages. */
import { PLANNERS } from '$lib/api/types';
import type { Route } from '$lib/router.svelte';

export const plannerRoutes: readonly Route[] = [
  {
    path: '/plan',
    title: 'plan.title',
    roles: PLANNERS,
    load: () => import('./PlanPage.svelte'),
    nav: { icon: 'plan', label: 'nav.plan' },
  },
];
