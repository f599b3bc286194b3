/** Own slots and bookings, and others' busy time, as a calendar and a list show them. */
import type { Calendar } from '@event-calendar/core';
import type { Booking, BusySpan, Slot } from '$lib/api/types';
import { dayKey, toLocal } from '$lib/time/format';

export interface Entry {
  id: string;
  kind: 'slot' | 'booking';
  title: string;
  /** Operation of a slot; empty for a booking. */
  detail: string;
  machine: string;
  start_ms: number;
  end_ms: number;
  run: string | null;
}

export const isOwn = (slot: Slot | BusySpan): slot is Slot => !slot.busy;

/** Own time in order of start. */
export function entriesOf(slots: readonly (Slot | BusySpan)[], bookings: readonly Booking[]): Entry[] {
  const entries = [...slots.filter(isOwn).map(entryOfSlot), ...bookings.map(entryOfBooking)];
  return entries.sort((a, b) => a.start_ms - b.start_ms);
}

function entryOfSlot(slot: Slot): Entry {
  return {
    id: slot.id,
    kind: 'slot',
    title: slot.run.title,
    detail: slot.operation.name,
    machine: slot.machine,
    start_ms: Date.parse(slot.start),
    end_ms: Date.parse(slot.end),
    run: slot.run.id,
  };
}

function entryOfBooking(booking: Booking): Entry {
  return {
    id: booking.id,
    kind: 'booking',
    title: booking.title,
    detail: '',
    machine: booking.machine,
    start_ms: Date.parse(booking.start),
    end_ms: Date.parse(booking.end),
    run: null,
  };
}

export interface Day {
  key: string;
  start_ms: number;
  entries: Entry[];
}

/** Entries under the day of the zone on which they start. */
export function byDay(entries: readonly Entry[], zone: string): Day[] {
  const days = new Map<string, Day>();
  for (const entry of entries) {
    const key = dayKey(entry.start_ms, zone);
    const day = days.get(key) ?? { key, start_ms: entry.start_ms, entries: [] };
    day.entries.push(entry);
    days.set(key, day);
  }
  return [...days.values()];
}

/** What the calendar draws; it knows no zones, so it gets the wall time of the one that is shown. */
export function calendarEvents(entries: readonly Entry[], busy: readonly BusySpan[], zone: string): Calendar.EventInput[] {
  const wall = (ms: number) => toLocal(ms, zone);
  return [
    ...entries.map((entry) => ({
      id: entry.id,
      title: entry.title,
      start: wall(entry.start_ms),
      end: wall(entry.end_ms),
      classNames: [entry.kind],
      extendedProps: { entry },
    })),
    ...busy.map((span, index) => ({
      id: `busy-${index}`,
      display: 'background' as const,
      start: wall(Date.parse(span.start)),
      end: wall(Date.parse(span.end)),
      classNames: ['busy'],
    })),
  ];
}
