/** Text by key in the viewer's language; keys and their parameters are checked by the compiler. */
import { preferences } from '$lib/preferences.svelte';
import { LANGUAGE_TAG } from '$lib/time/format';
import { da } from './da';
import { en } from './en';
import type { Locale } from './locale';

export type Catalogue = typeof en;
export type Key = keyof Catalogue;

/** Names in braces within a text: `'{count} of {all}'` gives `'count' | 'all'`. */
type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Params<K extends Key> = [Names<Catalogue[K]>] extends [never]
  ? []
  : [params: Record<Names<Catalogue[K]>, string | number>];

/** Keys whose texts take no parameters. */
export type PlainKey = { [K in Key]: [Names<Catalogue[K]>] extends [never] ? K : never }[Key];

/** Keys that come as `<base>.one` and `<base>.other`. */
type PluralBase = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

const CATALOGUES: Record<Locale, Record<Key, string>> = { en, da };

const PLURALS: Record<Locale, Intl.PluralRules> = {
  en: new Intl.PluralRules('en'),
  da: new Intl.PluralRules('da'),
};

/** The text of a key, its parameters filled in. */
export function t<K extends Key>(key: K, ...[params]: Params<K>): string {
  return fill(CATALOGUES[preferences.locale][key], params);
}

/** The text for a count: `<base>.one` or `<base>.other`, with `{count}` filled in. */
export function tn(base: PluralBase, count: number): string {
  const form = PLURALS[preferences.locale].select(count) === 'one' ? 'one' : 'other';
  return fill(CATALOGUES[preferences.locale][`${base}.${form}` as Key], { count: formatNumber(count, 0) });
}

/** Whether a word from the server, such as a sector's id, has a text of its own. */
export function hasKey(key: string): key is Key {
  return Object.hasOwn(en, key);
}

/** A text whose key is made from a word of the server; the word itself where there is none. */
export function word(prefix: string, value: string): string {
  const key = `${prefix}.${value}`;
  return hasKey(key) ? CATALOGUES[preferences.locale][key] : value;
}

function fill(text: string, params: Record<string, string | number> | undefined): string {
  return params ? text.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name])) : text;
}

const numbers = new Map<string, Intl.NumberFormat>();

/** A number with a fixed count of decimals, grouped by narrow spaces as ISO 80000-1 asks. */
export function formatNumber(value: number, decimals: number): string {
  const key = `${preferences.locale}|${decimals}`;
  let format = numbers.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(LANGUAGE_TAG[preferences.locale], {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      // Never "−0.00".
      signDisplay: 'negative',
    });
    numbers.set(key, format);
  }
  return format
    .formatToParts(value)
    .map((part) => (part.type === 'group' ? '\u202f' : part.type === 'minusSign' ? '\u2212' : part.value))
    .join('');
}
