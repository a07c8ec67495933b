// Times in words. The ground lies in one time zone, so every device shows that one, whatever it is set to.
import type { Locale } from './i18n/keys';
import type { Translate } from './i18n/i18n';

export const GROUND_ZONE = 'Asia/Shanghai';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: Locale, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${locale} ${key}`;
  let found = formats.get(id);
  if (!found) {
    found = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'zh-CN', { timeZone: GROUND_ZONE, ...options });
    formats.set(id, found);
  }
  return found;
}

/** "2026-11-22" of the ground: for requests and for comparing days. */
export function localDay(ms: number): string {
  const parts = format('en', 'day', { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(ms);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** "11月22日 14:05", with the year when it is another one than now. */
export function localTime(ms: number | null | undefined, locale: Locale, nowMs: number = Date.now()): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '—';
  const sameYear = localDay(ms).slice(0, 4) === localDay(nowMs).slice(0, 4);
  const options: Intl.DateTimeFormatOptions = {
    month: locale === 'en' ? 'short' : 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  };
  if (!sameYear) options.year = 'numeric';
  return format(locale, sameYear ? 'time' : 'yearTime', options).format(ms);
}

/** "2026年11月22日" */
export function localDate(ms: number | null | undefined, locale: Locale): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '—';
  return format(locale, 'date', { year: 'numeric', month: locale === 'en' ? 'short' : 'long', day: 'numeric' }).format(ms);
}

/** With seconds and year, for evidence: "2026-11-22 14:05:09". */
export function exactTime(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '—';
  const clock = format('en', 'exact', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms);
  return `${localDay(ms)} ${clock}`;
}

/** "还剩 2 天 3 小时" or "超期 5 小时": never rounds in the favour of being late. */
export function timeLeft(t: Translate, dueMs: number | null, nowMs: number): string {
  if (dueMs === null) return t('common.time.noLimit');
  const span = Math.abs(dueMs - nowMs);
  const days = Math.floor(span / DAY);
  const hours = Math.floor((span % DAY) / HOUR);
  const minutes = Math.max(1, Math.floor(span / MINUTE));
  if (dueMs > nowMs) {
    if (days > 0) return hours > 0 ? t('common.time.leftDaysHours', { days, hours }) : t('common.time.leftDays', { days });
    return hours > 0 ? t('common.time.leftHours', { hours }) : t('common.time.leftMinutes', { minutes });
  }
  if (days > 0) return hours > 0 ? t('common.time.overDaysHours', { days, hours }) : t('common.time.overDays', { days });
  return hours > 0 ? t('common.time.overHours', { hours }) : t('common.time.overMinutes', { minutes });
}

/** "3 小时前"; "从未" without a time. */
export function timeAgo(t: Translate, ms: number | null | undefined, nowMs: number): string {
  if (ms === null || ms === undefined) return t('common.time.never');
  const span = nowMs - ms;
  if (span < MINUTE) return t('common.time.justNow');
  if (span < HOUR) return t('common.time.agoMinutes', { minutes: Math.floor(span / MINUTE) });
  if (span < DAY) return t('common.time.agoHours', { hours: Math.floor(span / HOUR) });
  return t('common.time.agoDays', { days: Math.floor(span / DAY) });
}

/** RFC 3339 of the server in ms; null for none. */
export function msOf(timestamp: string | null | undefined): number | null {
  if (!timestamp) return null;
  const ms = Date.parse(timestamp);
  return Number.isNaN(ms) ? null : ms;
}
