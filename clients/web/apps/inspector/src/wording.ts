// Sentences of this application that are put together from several messages.
import { named, word, type Locale, type MessageKey, type Translate } from '@gridwarden/ui-shared';
import type { CaseJson, CategoryJson } from '@gridwarden/proto';
import type { StoredRecord } from '@gridwarden/sync';
import type { Missing } from './forms/form';

export function categoryName(locale: Locale, categories: CategoryJson[], code: string | undefined): string {
  return named(
    locale,
    categories.find((category) => category.code === code),
    code ?? '',
  );
}

/** What a record is about in one line: a case by its kind and first words, because nobody knows it by its number. */
export function titleWord(locale: Locale, categories: CategoryJson[], record: StoredRecord): string {
  if (record.kind !== 'CASE' && record.kind !== 'SIGNAL') return record.title;
  const description = (record.data as { description?: string }).description ?? '';
  return [categoryName(locale, categories, record.category), description].filter(Boolean).join('：') || record.title;
}

/** The state of a record in the field's words. */
export function stateWord(t: Translate, record: StoredRecord): string {
  switch (record.kind) {
    case 'CASE':
      return word(t, 'caseState', record.state);
    case 'SIGNAL':
      return word(t, 'signalState', record.state);
    case 'PATROL_TASK':
      return word(t, 'taskState', record.state);
    case 'SOURCE':
      return word(t, 'sourceState', record.state);
  }
}

/** "CAMPAIGN_OFFICE 人民街街道" with the kind in the field's word; other names as they are. */
export function postWord(t: Translate, name: string | undefined): string {
  const [kind = '', ...place] = (name ?? '').split(' ');
  return /^[A-Z_]+$/.test(kind) ? [word(t, 'postKind', kind), ...place].join(' ') : (name ?? '');
}

/** "还缺：近景照片" for the button. */
export function missingWord(t: Translate, locale: Locale, missing: Missing): string {
  switch (missing.what) {
    case 'answers':
      return t('form.missing.answers', { count: missing.count });
    case 'answer':
      return t('form.missing.answer', { item: named(locale, missing.item.item, missing.item.key) });
    case 'unmet':
      return t('form.missing.unmet', { item: named(locale, missing.item.item, missing.item.key) });
    case 'itemPhoto':
      return t('form.missing.itemPhoto', { item: named(locale, missing.item.item, missing.item.key) });
    case 'photo':
      return t('form.missing.photo', { kind: word(t, 'evidence', missing.kind) });
    default:
      return t(`form.missing.${missing.what}`);
  }
}

/** Words for a choice of a checklist: the policy gives codes, or the words themselves. */
export function optionWord(t: Translate, option: string): string {
  const key = `form.option.${option}` as MessageKey;
  const said = /^[A-Za-z0-9_]+$/.test(option) ? t(key) : option;
  return said === key ? option : said;
}

/** "20:00–06:00" of the ground's day. */
export function hoursWord(file: CaseJson | null): string {
  const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return `${clock(file?.checkWindowStartMinute ?? 0)}–${clock(file?.checkWindowEndMinute ?? 0)}`;
}
