/** The languages the pages speak. */
export const LOCALES = ['en', 'da'] as const;
export type Locale = (typeof LOCALES)[number];

export const LANGUAGE_NAME: Record<Locale, string> = { en: 'English', da: 'Dansk' };

export function preferredLocale(stored: string | null, languages: readonly string[]): Locale {
  const wished = [stored ?? '', ...languages].map((language) => language.toLowerCase());
  for (const language of wished) {
    const known = LOCALES.find((locale) => language === locale || language.startsWith(`${locale}-`));
    if (known) return known;
    // Norwegian and Swedish readers find Danish nearer than English.
    if (/^(nb|nn|no)\b/.test(language)) return 'da';
  }
  return 'en';
}
