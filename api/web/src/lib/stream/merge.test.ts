import { expect, test } from 'vitest';
import type { WireChange, WireSnapshot } from '$lib/api/types';
import { mergeChanges, mergeInto } from './merge';

const first: WireChange = { server_ms: 1, machines: { a: { state: 'Idle', values: { speed: [1, 10, 'good'], load: [5, 10, 'good'] } } } };
const later: WireChange = { server_ms: 2, machines: { a: { values: { speed: [2, 20, 'good'] } }, b: { connected: false } } };

test('of two changes the newest value of each tag stays', () => {
  const pending = structuredClone(first);
  mergeChanges(pending, later);
  expect(pending).toEqual({
    server_ms: 2,
    machines: {
      a: { state: 'Idle', values: { speed: [2, 20, 'good'], load: [5, 10, 'good'] } },
      b: { connected: false },
    },
  });
});

test('a tab that comes late gets a snapshot that every change has gone into', () => {
  const snapshot: WireSnapshot = { server_ms: 0, machines: {} };
  mergeInto(snapshot, first);
  mergeInto(snapshot, later);
  expect(snapshot.machines.a?.values).toEqual({ speed: [2, 20, 'good'], load: [5, 10, 'good'] });
  expect(snapshot.machines.a?.state).toBe('Idle');
  expect(snapshot.machines.b?.connected).toBe(false);
});
