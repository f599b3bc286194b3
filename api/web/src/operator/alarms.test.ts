import { expect, test } from 'vitest';
import type { Alarm } from '$lib/api';
import { isUnconfirmed } from './alarms';

function alarm(change: Partial<Alarm>): Alarm {
  return {
    id: 'a', machine: 'mill-1', tag: null, severity: 'warning', message: 'Mill: too hot', value: null, limit: null,
    raised_at: '2026-11-22T08:00:00Z', cleared_at: null, acknowledged_at: null, acknowledged_by: null, comment: null,
    kind: 'event', stale: false, ...change,
  };
}

test('an active alarm of a machine that is not heard may have ended', () => {
  expect(isUnconfirmed(alarm({}), false)).toBe(true);
  expect(isUnconfirmed(alarm({ kind: 'high_high', tag: 'temp' }), false)).toBe(true);
  expect(isUnconfirmed(alarm({}), true)).toBe(false);
});

test('what is over, and that the connection is lost, needs no confirmation', () => {
  expect(isUnconfirmed(alarm({ cleared_at: '2026-11-22T09:00:00Z', kind: null }), false)).toBe(false);
  expect(isUnconfirmed(alarm({ kind: 'connection' }), false)).toBe(false);
});
