/** The data shown on a machine's page as a table for a spreadsheet. */
import type { Machine, Tag } from '$lib/api';
import type { Locale } from '$lib/i18n/locale';
import type { Window } from './range.svelte';
import type { Trend } from './trend.svelte';

/** How a language's spreadsheets read a table. */
const DIALECT: Record<Locale, { separator: string; decimal: string }> = {
  en: { separator: ',', decimal: '.' },
  da: { separator: ';', decimal: ',' },
};

/**
 * Rows by instant (RFC 3339, UTC), three columns for each tag: least, mean and greatest value of
 * the bucket. A cell without data is empty.
 */
export function toCsv(tags: readonly Tag[], trends: ReadonlyMap<string, Trend>, window: Window, locale: Locale): string {
  const { separator, decimal } = DIALECT[locale];
  const shown = tags.flatMap((tag) => {
    const trend = trends.get(tag.id);
    return trend ? [{ tag, trend, rowOf: new Map(trend.t.map((ms, row) => [ms, row])) }] : [];
  });
  const instants = [...new Set(shown.flatMap(({ trend }) => trend.t))]
    .filter((ms) => ms >= window.start_ms && ms <= window.end_ms)
    .sort((one, other) => one - other);
  const number = (value: number | null | undefined) => (value === null || value === undefined ? '' : String(value).replace('.', decimal));
  const head = ['time', ...shown.flatMap(({ tag }) => ['min', 'mean', 'max'].map((part) => quote(columnName(tag, part), separator)))];
  const rows = instants.map((ms) => [
    new Date(ms).toISOString(),
    ...shown.flatMap(({ trend, rowOf }) => {
      const row = rowOf.get(ms);
      return row === undefined ? ['', '', ''] : [trend.min[row], trend.mean[row], trend.max[row]].map(number);
    }),
  ]);
  return [head, ...rows].map((row) => row.join(separator)).join('\r\n') + '\r\n';
}

function columnName(tag: Tag, part: string): string {
  return `${tag.name} ${part}${tag.unit.symbol ? ` [${tag.unit.symbol}]` : ''}`;
}

function quote(text: string, separator: string): string {
  return text.includes(separator) || text.includes('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Offers the table as a file; the mark at its start tells spreadsheets that it is UTF-8. */
export function downloadCsv(text: string, machine: Machine, window: Window): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  const stamp = new Date(window.end_ms).toISOString().slice(0, 16).replace(/[:T]/g, '-');
  link.download = `${machine.id}-${stamp}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
