import { expect, test } from 'vitest';
import { Cadence } from './cadence';

function heard(...intervals: number[]): Cadence {
  const cadence = new Cadence();
  let at = 1_000_000;
  cadence.note(at);
  for (const interval of intervals) cadence.note((at += interval));
  return cadence;
}

test('a tag that sent every 4 s is stale after three times that', () => {
  expect(heard(...Array<number>(20).fill(4_000)).staleAfter_ms).toBe(12_000);
});

test('a fast tag is not called stale for a hiccup', () => {
  expect(heard(...Array<number>(20).fill(200)).staleAfter_ms).toBe(5_000);
});

test('a tag heard a few times only is never stale: it may rest', () => {
  expect(heard(1_000, 1_000).staleAfter_ms).toBeNull();
});

test('a tag that sometimes rests for minutes is judged by its rests', () => {
  expect(heard(1_000, 1_000, 300_000, 1_000, 1_000, 1_000).staleAfter_ms).toBeGreaterThan(300_000);
});

test('values out of order do not count', () => {
  const cadence = heard(...Array<number>(10).fill(4_000));
  cadence.note(0);
  expect(cadence.staleAfter_ms).toBe(12_000);
});
