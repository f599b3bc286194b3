import { expect, test } from 'vitest';
import { formatDuration, formatInstant, fromLocal, startOfDay, toLocal } from './format';

const COPENHAGEN = 'Europe/Copenhagen';
const at = (instant: string) => Date.parse(instant);

test('a site shows its own clock', () => {
  const ms = at('2026-11-22T06:00:00Z');
  expect(formatInstant(ms, COPENHAGEN, 'en', 'time')).toBe('07:00');
  expect(formatInstant(ms, 'America/New_York', 'en', 'time')).toBe('01:00');
  expect(formatInstant(ms, COPENHAGEN, 'da', 'time')).toBe('07.00');
});

test('local times become instants, in winter and in summer', () => {
  expect(fromLocal('2026-11-22T08:00', COPENHAGEN)).toBe(at('2026-11-22T07:00:00Z'));
  expect(fromLocal('2026-07-01T08:00', COPENHAGEN)).toBe(at('2026-07-01T06:00:00Z'));
});

test('the hour that summer time skips becomes the hour after', () => {
  expect(toLocal(fromLocal('2026-03-29T02:30', COPENHAGEN), COPENHAGEN)).toBe('2026-03-29T03:30');
});

test('of the hour that comes twice the first is meant', () => {
  expect(fromLocal('2026-10-25T02:30', COPENHAGEN)).toBe(at('2026-10-25T00:30:00Z'));
});

test('local times survive the way there and back, at every hour of a year', () => {
  for (let ms = at('2026-01-01T00:00:00Z'); ms < at('2027-01-01T00:00:00Z'); ms += 3_600_000) {
    const back = fromLocal(toLocal(ms, COPENHAGEN), COPENHAGEN);
    // The repeated hour of autumn has one instant too many for its local time.
    if (back !== ms) expect(toLocal(back, COPENHAGEN)).toBe(toLocal(ms, COPENHAGEN));
  }
});

test('a day begins at local midnight, also on the day of 23 hours', () => {
  expect(startOfDay(at('2026-03-29T20:00:00Z'), COPENHAGEN)).toBe(at('2026-03-28T23:00:00Z'));
  expect(startOfDay(at('2026-03-30T12:00:00Z'), COPENHAGEN)).toBe(at('2026-03-29T22:00:00Z'));
});

test.each([
  [4_000, '4 s'],
  [61_000, '1 min'],
  [7_500_000, '2 h 05 min'],
  [7_200_000, '2 h'],
  [277_200_000, '3 d 5 h'],
  [-5, '0 s'],
])('%i ms is written as %s', (ms, text) => {
  expect(formatDuration(ms, 'en').replaceAll('\u00a0', ' ')).toBe(text);
});
