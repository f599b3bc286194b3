/** Every page, in the order of the navigation. Each is loaded when it is first asked for. */
import { STAFF, type Role } from '$lib/api/types';
import type { Route } from '$lib/router.svelte';
import { customerRoutes } from './customer/routes';
import { plannerRoutes } from './planner/routes';

const EVERYONE: readonly Role[] = [...STAFF, 'customer'];

export const routes: readonly Route[] = [
  {
    path: '/',
    title: 'overview.title',
    roles: STAFF,
    load: () => import('./operator/Overview.svelte'),
    nav: { icon: 'machines', label: 'nav.machines' },
  },
  { path: '/machines/:machine', title: 'overview.title', roles: STAFF, load: () => import('./operator/Machine.svelte') },
  {
    path: '/alarms',
    title: 'alarms.title',
    roles: STAFF,
    load: () => import('./operator/Alarms.svelte'),
    nav: { icon: 'alarm', label: 'nav.alarms' },
  },
  ...plannerRoutes,
  ...customerRoutes,
  { path: '/account', title: 'account.title', roles: EVERYONE, load: () => import('./account/Account.svelte') },
];

/** Where a role begins. */
export function startOf(role: Role): string {
  return role === 'customer' ? (customerRoutes[0]?.path ?? '/account') : '/';
}
