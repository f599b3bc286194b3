import { expect, test } from 'vitest';
import { toLocal } from './format';
import { ticksBetween } from './ticks';

const COPENHAGEN = 'Europe/Copenhagen';
const at = (instant: string) => Date.parse(instant);
const locals = (from: string, to: string, most: number, zone = COPENHAGEN) =>
  ticksBetween(at(from), at(to), zone, most).map((tick) => toLocal(tick.ms, zone).slice(11));

test('marks stand at round local times', () => {
  expect(locals('2026-11-22T06:07:00Z', '2026-11-22T07:07:00Z', 6)).toEqual(['07:10', '07:20', '07:30', '07:40', '07:50', '08:00']);
  expect(locals('2026-11-22T00:31:00Z', '2026-11-22T23:30:00Z', 4, 'Asia/Kolkata')).toEqual(['12:00', '18:00', '00:00']);
});

test('no more marks than there is room for', () => {
  for (const hours of [0.02, 0.3, 1, 5, 11, 24, 170, 800]) {
    const end = at('2026-11-22T12:00:00Z');
    expect(ticksBetween(end - hours * 3_600_000, end, COPENHAGEN, 8).length).toBeLessThanOrEqual(9);
  }
});

test.each(['2026-03-29', '2026-10-25'])('the change of the clocks on %s leaves marks round, in order and single', (day) => {
  const ticks = ticksBetween(at(`${day}T00:00:00Z`) - 12 * 3_600_000, at(`${day}T12:00:00Z`), COPENHAGEN, 13);
  const marks = ticks.map((tick) => tick.ms);
  expect(marks).toEqual([...new Set(marks)].sort((one, other) => one - other));
  for (const ms of marks) expect(toLocal(ms, COPENHAGEN)).toMatch(/:00$/);
  expect(ticks.filter((tick) => tick.midnight)).toHaveLength(1);
});

test('days begin at local midnight across the change of the clocks', () => {
  const ticks = ticksBetween(at('2026-03-27T10:00:00Z'), at('2026-04-01T10:00:00Z'), COPENHAGEN, 6);
  expect(ticks.map((tick) => toLocal(tick.ms, COPENHAGEN).slice(5))).toEqual(['03-28T00:00', '03-29T00:00', '03-30T00:00', '03-31T00:00', '04-01T00:00']);
});
