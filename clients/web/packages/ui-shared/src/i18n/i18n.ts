// The words on the screen. Chinese comes with the application; English is a file of its own, fetched (and cached with the rest of
// the application) when it is chosen. Messages hold names in braces and nothing else (messages.test.ts), so vue-i18n's own compiler
// stays out of what a phone loads.
import { createI18n, useI18n, type I18n, type MessageContext } from 'vue-i18n';
import type { WritableComputedRef } from 'vue';
import type { Locale, MessageKey, WordGroup } from './keys';
import zh from './zh-CN';

export type Params = Record<string, string | number>;
/** Says a message; every application has exactly one. */
export type Translate = (key: MessageKey, params?: Params) => string;

type Words = I18n<Record<string, unknown>, Record<string, unknown>, Record<string, unknown>, string, false>;

/** What an application adds to the words every one has: the console and the review their `desk`. */
export interface MoreWords {
  'zh-CN': () => Promise<{ default: object }>;
  en: () => Promise<{ default: object }>;
}

/** Puts the facts where a message names them. */
const fillIn = (message: unknown) => (facts: MessageContext) =>
  String(message).replace(/\{(\w+)\}/g, (_, name: string) => String(facts.named(name) ?? ''));

const STORED = 'gridwarden.locale';
let words: Words | null = null;
let more: MoreWords | null = null;

/** The language chosen on this device; Chinese unless somebody chose otherwise. */
export function storedLocale(): Locale {
  try {
    return localStorage.getItem(STORED) === 'en' ? 'en' : 'zh-CN';
  } catch {
    return 'zh-CN';
  }
}

/** The plugin for app.use(). Call it once; `await setLocale(storedLocale())` before mounting. */
export function createWords(additional: MoreWords | null = null): Words {
  more = additional;
  words = createI18n({
    legacy: false,
    locale: 'zh-CN',
    fallbackLocale: 'zh-CN',
    missingWarn: false,
    fallbackWarn: false,
    messageCompiler: fillIn,
    messages: { 'zh-CN': zh },
  }) as unknown as Words;
  return words;
}

/** Changes the language of the page and keeps the choice on this device. */
export async function setLocale(locale: Locale): Promise<void> {
  if (!words) throw new Error('createWords() comes first');
  if (more) words.global.mergeLocaleMessage('zh-CN', (await more['zh-CN']()).default);
  if (locale === 'en') {
    words.global.mergeLocaleMessage('en', (await import('./en')).default);
    if (more) words.global.mergeLocaleMessage('en', (await more.en()).default);
  }
  words.global.locale.value = locale;
  document.documentElement.lang = locale;
  try {
    localStorage.setItem(STORED, locale);
  } catch {
    // A browser that keeps nothing still speaks the language for now.
  }
}

/** In components: the words and the language. */
export function useT(): { t: Translate; locale: WritableComputedRef<Locale> } {
  const { t, locale } = useI18n({ useScope: 'global' });
  return { t: t as unknown as Translate, locale: locale as unknown as WritableComputedRef<Locale> };
}

/** Outside of components: workers of screens, notices, the camera's watermark. */
export function translate(): Translate {
  if (!words) throw new Error('createWords() comes first');
  return words.global.t as unknown as Translate;
}

/** The field's word for a value of an enum; the value itself when it is newer than this application. */
export function word(t: Translate, group: WordGroup, value: string | null | undefined): string {
  if (!value || value.endsWith('_UNSPECIFIED')) return t('common.unknown');
  return value in zh.domain[group] ? t(`domain.${group}.${value}` as MessageKey) : value;
}

/** "PATROL_OFFICER 人民街街道", as the server names a post, in the field's words. */
export function postWords(t: Translate, displayName: string | undefined): string {
  const [kind = '', ...place] = (displayName ?? '').split(' ');
  return kind in zh.domain.postKind ? `${word(t, 'postKind', kind)} ${place.join(' ')}`.trim() : (displayName ?? '');
}

type Reason = { code?: string; zh?: string; en?: string };

/** Why, in words: a code of the policy, a result with what was said to it, or words. A code that nobody reads is left out. */
export function reasonWord(t: Translate, locale: Locale, reasons: Reason[], reason: string | undefined): string {
  const [, code, rest = ''] = /^([A-Z][A-Z0-9_-]*)(?:: ?([^]*))?$/.exec(reason ?? '') ?? [];
  if (!code) return reason ?? '';
  const known = reasons.find((one) => one.code === code);
  const said = known ? [named(locale, known, code)] : (['disposition', 'onsiteResult'] as const).map((group) => word(t, group, code));
  return [said.find((one) => one !== code) ?? '', rest].filter(Boolean).join(locale === 'en' ? ': ' : '：');
}

/** Says a message whose key came from stored data, such as the summary of an operation. */
export function say(t: Translate, key: string, params: Params = {}): string {
  return t(key as MessageKey, params);
}

/** An error in the language of the page: the server's own sentence where it has one. */
export function explain(t: Translate, locale: Locale, error: unknown): string {
  const known = error as { reason?: string; messageZh?: string; messageEn?: string; message?: string };
  if (known.reason === 'OFFLINE') return t('common.offline');
  const sentence = locale === 'en' ? known.messageEn || known.messageZh : known.messageZh || known.messageEn;
  return sentence || known.reason || known.message || t('common.unknown');
}

/** Name of a category, checklist or item that the policy gives in both languages. */
export function named(locale: Locale, thing: { zh?: string; en?: string } | undefined, otherwise: string): string {
  if (!thing) return otherwise;
  return (locale === 'en' ? thing.en || thing.zh : thing.zh || thing.en) || otherwise;
}
