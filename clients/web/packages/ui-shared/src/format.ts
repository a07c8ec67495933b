// Sizes, shares and numbers as people read them.
import type { Translate } from './i18n/i18n';

/** "512 B", "1.4 MB" */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '—';
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 || value >= 100 ? `${Math.round(value)} ${units[unit]}` : `${value.toFixed(1)} ${units[unit]}`;
}

/** Numbers of the API: int64 come as text. */
export function countOf(value: string | number | null | undefined): number {
  return value === null || value === undefined ? 0 : Number(value);
}

/** "83 % (5/6)": a share is never shown without what it is a share of; "—" when nothing is counted. */
export function share(ratio: { numerator?: string | number; denominator?: string | number } | undefined): string {
  const of = countOf(ratio?.denominator);
  if (of === 0) return '—';
  const part = countOf(ratio?.numerator);
  return `${Math.floor((part * 100) / of)} % (${part}/${of})`;
}

/** "±12 m" */
export function accuracy(metres: number | null | undefined): string {
  return metres ? `±${Math.round(metres)} m` : '—';
}

/** A distance: "80 m", "1.2 km". */
export function distance(metres: number): string {
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/** First words of a text for one line. */
export function shorten(text: string, length: number): string {
  const glyphs = [...text];
  return glyphs.length <= length ? text : `${glyphs.slice(0, length - 1).join('')}…`;
}

/** "—" for what is empty. */
export function orNone(t: Translate, text: string | null | undefined): string {
  return text || t('common.none');
}
