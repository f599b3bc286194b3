import { expect, test } from 'vitest';
import { decimalsOfStep, valueRange } from './axes';

const limits = { low_low: null, low: 10, high: 85, high_high: 93.5 };

test('marks are written with the decimals of their step, no fewer', () => {
  expect([1, 0.5, 0.25, 0.2, 0.025, 20, 1e-5].map(decimalsOfStep)).toEqual([0, 1, 2, 1, 3, 0, 5]);
});

test('the axis holds the data with some air', () => {
  const [from, to] = valueRange(20, 40, null);
  expect(from).toBeLessThan(20);
  expect(to).toBeGreaterThan(40);
});

test('a limit that is near is shown, one far away does not flatten the line', () => {
  expect(valueRange(60, 80, limits)[1]).toBeGreaterThan(85);
  expect(valueRange(20, 21, limits)[1]).toBeLessThan(30);
});

test('a value that rests has an axis in proportion', () => {
  expect(valueRange(0, 0, null)[1]).toBeCloseTo(0.0124);
  expect(valueRange(0, 0, limits)[1]).toBeGreaterThan(0.1);
  const [from, to] = valueRange(500, 500, null);
  expect(to - from).toBeGreaterThan(5);
});
