import { expect, test } from 'vitest';
import { FrameReader } from './frames';

test('frames are read whole, however the network cuts them', () => {
  const text = 'event: live\ndata: {"a":1}\n\nevent: alarm\ndata: {"b":2}\n\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const reader = new FrameReader();
    const frames = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
    expect(frames).toEqual([
      { event: 'live', data: '{"a":1}' },
      { event: 'alarm', data: '{"b":2}' },
    ]);
  }
});

test('keep-alive comments are no frames', () => {
  expect(new FrameReader().push(': still here\n\n')).toEqual([]);
});

test('lines may end as on any system, and data may have several', () => {
  expect(new FrameReader().push('event: plan\r\ndata: one\r\ndata: two\r\n\r\n')).toEqual([{ event: 'plan', data: 'one\ntwo' }]);
});

test('a frame without data is none, and its event does not leak into the next', () => {
  expect(new FrameReader().push('event: live\n\ndata: x\n\n')).toEqual([{ event: 'message', data: 'x' }]);
});
