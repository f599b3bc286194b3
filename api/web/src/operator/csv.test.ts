import { expect, test } from 'vitest';
import type { Tag } from '$lib/api/types';
import { toCsv } from './csv';

const speed: Tag = {
  id: 'speed', name: 'Speed, spindle', unit: { ucum: '/min', symbol: 'min⁻¹' }, data_type: 'Double', key: true, role: 'value', limits: null,
};
const load: Tag = { ...speed, id: 'load', name: 'Load', unit: { ucum: '1', symbol: '' } };
const trends = new Map([
  ['speed', { t: [0, 1000, 2000], min: [1.5, null, 3], mean: [2, null, 3.5], max: [2.5, null, 4], gaps: [] }],
  ['load', { t: [2000, 3000], min: [7, 8], mean: [7, 8], max: [7, 8], gaps: [] }],
]);

test('rows are instants, columns are tags, and what is missing is empty', () => {
  expect(toCsv([speed, load], trends, { start_ms: 0, end_ms: 2500 }, 'en')).toBe(
    [
      'time,"Speed, spindle min [min⁻¹]","Speed, spindle mean [min⁻¹]","Speed, spindle max [min⁻¹]",Load min,Load mean,Load max',
      '1970-01-01T00:00:00.000Z,1.5,2,2.5,,,',
      '1970-01-01T00:00:01.000Z,,,,,,',
      '1970-01-01T00:00:02.000Z,3,3.5,4,7,7,7',
      '',
    ].join('\r\n'),
  );
});

test('a Danish spreadsheet gets semicolons and decimal commas', () => {
  expect(toCsv([speed], trends, { start_ms: 0, end_ms: 500 }, 'da')).toContain('1970-01-01T00:00:00.000Z;1,5;2;2,5');
});
