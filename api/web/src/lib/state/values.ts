/** Values of tags as text. */
import type { LimitName, Limits, Scalar, Tag } from '$lib/api/types';
import { formatNumber, t } from '$lib/i18n/index.svelte';
import { STATE_BY_NUMBER } from './packml';

const NO_LIMITS: Limits = { low_low: null, low: null, high: null, high_high: null };
const INTEGER = /^U?Int(16|32|64)$/;

/**
 * Decimals that suit a quantity of this size: about four digits, and always the same count, so
 * that a value does not jump from side to side.
 */
export function decimalsFor(scale: number): number {
  if (scale >= 1000) return 0;
  if (scale >= 10 || scale === 0) return 1;
  if (scale >= 1) return 2;
  return 3;
}

/** The largest value seen of each tag without limits. */
const largestSeen = new WeakMap<Tag, number>();

/** How large the tag's values are, judged by its limits, else by the largest value seen. */
function scaleOf(tag: Tag, value: number): number {
  const { low_low, low, high, high_high } = tag.limits ?? NO_LIMITS;
  const bounds = [low_low, low, high, high_high].filter((bound) => bound !== null).map(Math.abs);
  if (bounds.length > 0) return Math.max(...bounds);
  const largest = Math.max(largestSeen.get(tag) ?? 0, Math.abs(value));
  largestSeen.set(tag, largest);
  return largest;
}

/** The values that stand for a machine; its state and its job have places of their own. */
export function keyTags(tags: readonly Tag[]): Tag[] {
  return tags.filter((tag) => tag.key && tag.role !== 'state' && tag.role !== 'job');
}

/** Whether a tag's course can be drawn; states have a timeline of their own. */
export function isTrendable(tag: Tag): boolean {
  return tag.data_type !== 'String' && tag.role !== 'state' && tag.role !== 'job';
}

/** A number in a tag's manner, without its unit. */
export function formatQuantity(tag: Tag, value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  return formatNumber(value, INTEGER.test(tag.data_type) ? 0 : decimalsFor(scaleOf(tag, value)));
}

/** The word of a PackML state number. */
function stateText(number: number): string {
  const state = STATE_BY_NUMBER[number];
  return state === undefined ? t('state.unknown') : t(`state.${state}`);
}

/** A value in a tag's manner, without its unit. */
export function formatValue(tag: Tag, value: Scalar | null): string {
  if (tag.role === 'state' && typeof value === 'number') return stateText(value);
  if (value === null) return t('value.none');
  if (typeof value === 'boolean') return t(value ? 'value.true' : 'value.false');
  if (typeof value === 'number') return formatQuantity(tag, value);
  return value === '' ? '–' : value;
}

/** The worst limit a value has reached, or null. */
export function limitReached(limits: Limits | null, value: Scalar | null): LimitName | null {
  if (limits === null || typeof value !== 'number') return null;
  if (limits.high_high !== null && value >= limits.high_high) return 'high_high';
  if (limits.low_low !== null && value <= limits.low_low) return 'low_low';
  if (limits.high !== null && value >= limits.high) return 'high';
  if (limits.low !== null && value <= limits.low) return 'low';
  return null;
}
