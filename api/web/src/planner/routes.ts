/** The planner's pages. */
import type { Route } from '$lib/router.svelte';

export const plannerRoutes: readonly Route[] = [];
