/** Errors in words that say what to do. */
import { Problem, Unreachable } from '$lib/api';
import { t } from '$lib/i18n/index.svelte';
import { preferences } from '$lib/preferences.svelte';
import { formatDuration } from '$lib/time/format';

export function explain(error: unknown): string {
  if (error instanceof Unreachable) return t('error.unreachable');
  if (!(error instanceof Problem)) return t('error.unexpected');
  if (error.status === 404) return t('error.notFound');
  if (error.status === 429) {
    return t('error.busy', { duration: formatDuration((error.retryAfterS ?? 60) * 1000, preferences.locale) });
  }
  if (error.status >= 500) return t('error.server');
  return error.message;
}

export function requestId(error: unknown): string | null {
  return error instanceof Problem ? error.requestId : null;
}
