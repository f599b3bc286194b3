/** Values of tags as text. */
import type { Limits, Scalar, Tag } from '$lib/api/types';
import { formatNumber, t } from '$lib/i18n/index.svelte';

const INTEGER = /^U?Int(16|32|64)$/;

/**
 * Decimals that suit a quantity of this size: about four digits, and always the same count, so
 * that a value does not jump from side to side.
 */
export function decimalsFor(scale: number): number {
  if (scale >= 1000) return 0;
  if (scale >= 100) return 1;
  if (scale >= 1) return 2;
  return 3;
}

/** How large the tag's values are, judged by its limits, else by the value at hand. */
function scaleOf(limits: Limits | null, value: number): number {
  const bounds = limits ? [limits.low_low, limits.low, limits.high, limits.high_high] : [];
  const known = bounds.filter((bound) => bound !== null).map(Math.abs);
  return known.length > 0 ? Math.max(...known) : Math.abs(value);
}

export function isNumeric(tag: Tag): boolean {
  return tag.data_type !== 'String' && tag.data_type !== 'Boolean';
}

/** A number in a tag's manner, without its unit. */
export function formatQuantity(tag: Tag, value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  return formatNumber(value, INTEGER.test(tag.data_type) ? 0 : decimalsFor(scaleOf(tag.limits, value)));
}

/** A value in a tag's manner, without its unit. */
export function formatValue(tag: Tag, value: Scalar | null): string {
  if (value === null) return t('value.none');
  if (typeof value === 'boolean') return t(value ? 'value.true' : 'value.false');
  if (typeof value === 'number') return formatQuantity(tag, value);
  return value;
}

export type LimitName = keyof Limits;

/** The worst limit a value has reached, or null. */
export function limitReached(limits: Limits | null, value: Scalar | null): LimitName | null {
  if (limits === null || typeof value !== 'number') return null;
  if (limits.high_high !== null && value >= limits.high_high) return 'high_high';
  if (limits.low_low !== null && value <= limits.low_low) return 'low_low';
  if (limits.high !== null && value >= limits.high) return 'high';
  if (limits.low !== null && value <= limits.low) return 'low';
  return null;
}
