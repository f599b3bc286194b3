import { expect, test } from 'vitest';
import { matchPath } from './paths';

test('a path gives its parameters', () => {
  expect(matchPath('/machines/:machine', '/machines/mill-1')).toEqual({ machine: 'mill-1' });
  expect(matchPath('/', '/')).toEqual({});
  expect(matchPath('/alarms', '/alarms/')).toEqual({});
});

test('another path gives nothing', () => {
  expect(matchPath('/machines/:machine', '/machines')).toBeNull();
  expect(matchPath('/machines/:machine', '/machines/a/b')).toBeNull();
  expect(matchPath('/alarms', '/account')).toBeNull();
});

test('parameters are decoded, and broken ones stand for themselves', () => {
  expect(matchPath('/runs/:run', '/runs/a%2Fb%20c')).toEqual({ run: 'a/b c' });
  expect(matchPath('/runs/:run', '/runs/%E0%A4')).toEqual({ run: '%E0%A4' });
});
