import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { da } from './da';
import { en } from './en';

const SOURCES = new URL('../../', import.meta.url).pathname;
const keys = Object.keys(en) as (keyof typeof en)[];
const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

/** Words that both languages share. */
const SHARED = new Set(
  'administrator alarm version book csv e-mail h hh information job kw l ll live min on operation organisation pilotline plan procedure start status tag zoom'.split(' '),
);

test('Danish fills in the same names as English', () => {
  for (const key of keys) expect(names(da[key]), key).toEqual(names(en[key]));
});

test('no text is empty or left in English', () => {
  const sharedOnly = (text: string) =>
    (text.replace(/\{\w+\}/g, '').toLowerCase().match(/[a-z-]{2,}/g) ?? []).every((word) => SHARED.has(word));
  const same = keys.filter((key) => da[key].trim() === '' || (da[key] === en[key] && !sharedOnly(en[key])));
  expect(same).toEqual([]);
});

test('every text is used', () => {
  const source = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(svelte|ts)$/.test(file) && !file.includes('i18n/en') && !file.includes('i18n/da') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
    .join('\n');
  // Keys made from a word, such as t(`state.${state}`) or word('sector', …).
  const prefixes = [...source.matchAll(/`([\w.-]+\.)\$\{/g), ...source.matchAll(/word\('([\w.-]+)'/g)].map((match) => match[1] ?? '');
  const unused = keys.filter((key) => {
    const base = key.replace(/\.(one|other)$/, '');
    return !source.includes(`'${key}'`) && !source.includes(`'${base}'`) && !prefixes.some((prefix) => key.startsWith(prefix));
  });
  expect(unused).toEqual([]);
});
