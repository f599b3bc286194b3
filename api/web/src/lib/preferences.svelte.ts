/** What this browser's viewer has chosen: language, theme, whose clock. Kept in the browser. */
import { flushSync } from 'svelte';
import { preferredLocale, type Locale } from '$lib/i18n/locale';

export type Theme = 'system' | 'light' | 'dark';
export type Clock = 'site' | 'viewer';

function read(name: string): string | null {
  try {
    return localStorage.getItem(`pilotline.${name}`);
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`pilotline.${name}`, value);
  } catch {
    // As above: nothing is lost but the memory of the choice.
  }
}

/** A choice out of a few words, or the first when none is stored. */
export function storedChoice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
  const stored = read(name);
  return choices.find((choice) => choice === stored) ?? choices[0];
}
export const storeChoice = write;

class Preferences {
  locale = $state<Locale>(preferredLocale(read('locale'), navigator.languages));
  theme = $state<Theme>(storedChoice('theme', ['system', 'light', 'dark']));
  clock = $state<Clock>(storedChoice('clock', ['site', 'viewer']));
  /** The viewer's own IANA zone. */
  readonly zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  #systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches);

  #printing = $state(false);

  constructor() {
    // Charts are painted, not styled: they must be light before the page is laid out for paper.
    addEventListener('beforeprint', () => flushSync(() => (this.#printing = true)));
    addEventListener('afterprint', () => (this.#printing = false));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => (this.#systemDark = event.matches));
    this.#applyTheme();
    document.documentElement.lang = this.locale;
  }

  /** Whether the pages are dark now. */
  get dark(): boolean {
    if (this.#printing) return false;
    return this.theme === 'system' ? this.#systemDark : this.theme === 'dark';
  }

  setLocale(locale: Locale): void {
    this.locale = locale;
    document.documentElement.lang = locale;
    write('locale', locale);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    write('theme', theme);
    this.#applyTheme();
  }

  setClock(clock: Clock): void {
    this.clock = clock;
    write('clock', clock);
  }

  /** The zone in which to show a time of a site. */
  zoneFor(siteZone: string): string {
    return this.clock === 'viewer' ? this.zone : siteZone;
  }

  #applyTheme(): void {
    if (this.theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

export const preferences = new Preferences();
