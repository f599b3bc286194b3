/** The customer's pages; the first one is where customers begin. */
import type { Route } from '$lib/router.svelte';

export const customerRoutes: readonly Route[] = [];
