/** Addresses and pages: matches paths, follows links without reloading, remembers what was asked for. */
import type { Component } from 'svelte';
import type { Role } from '$lib/api/types';
import type { IconName } from '$lib/design/Icon.svelte';
import type { PlainKey } from '$lib/i18n/index.svelte';
import { matchPath, type PathParams } from './paths';

export type { PathParams };

/** A page takes the parameters of its path as the property `params`; one without parameters need not. */
// `any`, for the type of a component without properties is not assignable to one with some.
export type PageComponent = Component<any>;

export interface Route {
  /** Such as `/machines/:machine`. */
  path: string;
  title: PlainKey;
  roles: readonly Role[];
  load: () => Promise<{ default: PageComponent }>;
  /** Where it stands in the navigation; absent for pages that others lead to. */
  nav?: { icon: IconName; label: PlainKey };
}

export interface Match {
  route: Route;
  params: PathParams;
}

class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));

  constructor() {
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to an address of the pages. */
  go(address: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    this.#read();
  }

  /** Writes one parameter of the address in place, so that a reload or a shared link shows the same; null removes it. */
  setQuery(name: string, value: string | null): void {
    const query = new URLSearchParams(this.query);
    if (value === null) query.delete(name);
    else query.set(name, value);
    const text = query.toString();
    history.replaceState(null, '', this.path + (text && `?${text}`));
    this.query = query;
  }

  match(routes: readonly Route[]): Match | null {
    for (const route of routes) {
      const params = matchPath(route.path, this.path);
      if (params) return { route, params };
    }
    return null;
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  /** Plain links within the pages are followed here; all else is left to the browser. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link?.href || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/') || link.hash) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
    scrollTo(0, 0);
  }
}

export const router = new Router();
