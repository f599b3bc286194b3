import { expect, test } from 'vitest';
import { columnsFor } from './columns';

test('24 machines on four sites fit a desk in four rows', () => {
  const columns = columnsFor(1248 / 16, 0.5, [12, 6, 4, 2]);
  expect(columns).toBe(6);
});

test('a phone shows two tiles side by side, a narrow one at least one', () => {
  expect(columnsFor(366 / 16, 0.5, [12, 6])).toBe(2);
  expect(columnsFor(8, 0.5, [12])).toBe(1);
});

test('tiles grow with the wall instead of ever more columns', () => {
  expect(columnsFor(3800 / 16, 0.5, [24])).toBeLessThanOrEqual(22);
  expect(columnsFor(1888 / 16, 0.5, [4])).toBeGreaterThanOrEqual(4);
});
