/** The state palette: readable, and told apart by people who see colours otherwise. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATEGORIES, type StateCategory } from '$lib/state/packml';

type Rgb = readonly [number, number, number];
const THEMES = ['light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function token(name: string, theme: Theme): Rgb {
  const pair = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  const hex = pair?.[theme === 'light' ? 1 : 2];
  if (hex === undefined) throw new Error(`tokens.css has no --${name}`);
  const channel = (at: number) => linear(parseInt(hex.slice(at, at + 2), 16) / 255);
  return [channel(1), channel(3), channel(5)];
}

const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** Contrast as WCAG 2.2 defines it. */
function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Full dichromacy in linear RGB: Machado, Oliveira, Fernandes 2009. */
const SIGHTS: Record<string, readonly [Rgb, Rgb, Rgb]> = {
  full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function seen(colour: Rgb, sight: readonly [Rgb, Rgb, Rgb]): Rgb {
  const row = (weights: Rgb) => Math.min(1, Math.max(0, weights[0] * colour[0] + weights[1] * colour[1] + weights[2] * colour[2]));
  return [row(sight[0]), row(sight[1]), row(sight[2])];
}

/** Distance in OKLab, where about 0.02 is just noticed. */
function distance(one: Rgb, other: Rgb): number {
  const [a, b] = [oklab(one), oklab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** States that only differ in calm may be close: their shapes and words tell them. */
const CALM: ReadonlySet<StateCategory> = new Set(['acting', 'idle', 'complete', 'offline']);

test.each(THEMES)('text on every state is readable (%s)', (theme) => {
  for (const category of CATEGORIES) {
    expect(contrast(token(`state-${category}`, theme), token(`on-${category}`, theme)), category).toBeGreaterThanOrEqual(4.5);
  }
});

test.each(THEMES)('states stay apart for every kind of sight (%s)', (theme) => {
  for (const [sight, matrix] of Object.entries(SIGHTS)) {
    for (const [at, one] of CATEGORIES.entries()) {
      for (const other of CATEGORIES.slice(at + 1)) {
        const apart = distance(seen(token(`state-${one}`, theme), matrix), seen(token(`state-${other}`, theme), matrix));
        const least = CALM.has(one) && CALM.has(other) ? 0.02 : 0.08;
        expect(apart, `${one} and ${other}, ${sight}`).toBeGreaterThan(least);
      }
    }
  }
});

test.each(THEMES)('ink is readable on every ground (%s)', (theme) => {
  for (const ground of ['ground', 'surface', 'raised']) {
    for (const ink of ['ink', 'ink-2', 'ink-3']) {
      expect(contrast(token(ink, theme), token(ground, theme)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(token('line-strong', theme), token(ground, theme)), `edges of controls on ${ground}`).toBeGreaterThanOrEqual(3);
    expect(contrast(token('focus', theme), token(ground, theme)), `focus on ${ground}`).toBeGreaterThanOrEqual(3);
  }
});
