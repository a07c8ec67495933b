// One form on site: what it asks, what is filled in, what is missing. Plain data and functions: no screen, no store.
import type { CaseJson, CaseNeedsJson, ChecklistItemJson, ChecklistJson, Evidence_KindJson } from '@gridwarden/proto';
import { metresBetween, type Point } from '../work/records';

export type FormKind = 'visit' | 'signal' | 'onsite_check' | 'feedback' | 'check' | 'recheck' | 'stop' | 'part' | 'evidence' | 'explain';

/** Forms whose drafts the list of drafts shows; those of other screens are found where they were begun. */
export const DRAFT_FORMS: ReadonlySet<string> = new Set<FormKind | 'return' | 'postpone'>([
  'visit',
  'signal',
  'onsite_check',
  'feedback',
  'check',
  'recheck',
  'stop',
  'part',
  'evidence',
  'explain',
  'return',
  'postpone',
]);

/** A photo of the form, by content, and what it shows. */
export interface FormPhoto {
  sha256: string;
  kind: Evidence_KindJson;
  /** "CHECKLIST.ITEM" it was taken for. */
  item?: string;
  /** One the case has already: it may show the state before, never the state after. */
  earlier?: boolean;
}

export interface FormAnswer {
  value: string;
  /** How it was answered where there are three big answers. */
  mark?: 'ok' | 'bad' | 'na';
}

export interface FormPlace extends Point {
  accuracyM: number;
  timeMs: number;
}

/** Everything a person has put in; kept as a draft after every tap. */
export interface FormData {
  result: string;
  answers: Record<string, FormAnswer>;
  photos: FormPhoto[];
  note: string;
  category: string;
  /** divisions/...: chosen by hand for a find without a position. */
  division: string;
  /** sources/...: of a find at a known source. */
  source: string;
  place: FormPlace | null;
}

export interface FormItem {
  /** "CHECKLIST.ITEM" */
  key: string;
  checklist: string;
  item: ChecklistItemJson;
  /** The one answer that is wanted; '' = whatever the item itself expects. */
  wanted: string;
  required: boolean;
  /** Shown by a photo or document of its own. */
  photo: boolean;
  /** The answer has to be the passing one. */
  mustPass: boolean;
}

export interface FormContext {
  kind: FormKind;
  needs: CaseNeedsJson | null;
  /** By code. */
  checklists: Record<string, ChecklistJson>;
  /** visit: code of the prescribed list. */
  checklist: string;
  /** Category of the subject; the form's own wins where a problem is named. */
  category: string;
  /** check, recheck: the case. */
  file: CaseJson | null;
  /** Server time. */
  nowMs: number;
}

/** A thing still missing, as the part of a message key with its words. */
export type Missing =
  | { what: 'result' | 'category' | 'note' | 'place' | 'disposition' | 'otherHours' | 'farNote' | 'something' }
  | { what: 'answers'; count: number }
  | { what: 'unmet' | 'itemPhoto' | 'answer'; item: FormItem }
  | { what: 'photo'; kind: Evidence_KindJson };

export const PHOTOS_MAX = 3;
/** Photos beyond those demanded. */
export const NOTE_MAX = 2000;

export function emptyForm(): FormData {
  return { result: '', answers: {}, photos: [], note: '', category: '', division: '', source: '', place: null };
}

/** Whether somebody has done anything yet. The place, and the kind of a known source, come by themselves. */
export function isBegun(form: FormData): boolean {
  const { result, answers, photos, note, category, source } = form;
  const given = result !== '' || note.trim() !== '' || (category !== '' && source === '');
  return given || Object.keys(answers).length > 0 || photos.some((photo) => !photo.earlier);
}

const RESULTS: Partial<Record<FormKind, string[]>> = {
  onsite_check: ['EXISTS', 'ABSENT', 'UNABLE'],
  check: ['PASS', 'FAIL', 'UNABLE'],
  recheck: ['HELD', 'REBOUNDED', 'NOT_OBSERVABLE'],
};

/** What may be chosen as the outcome; empty where it follows from the answers, or there is none. */
export function resultsOf(context: FormContext): string[] {
  return RESULTS[context.kind] ?? [];
}

function isJudged(item: ChecklistItemJson): boolean {
  return item.answer === 'yes_no' && (item.passWhen === 'yes' || item.passWhen === 'no');
}

/** As the server has it: a bare number, text, date or position needs no photo. */
export function needsMedium(item: ChecklistItemJson): boolean {
  return (item.evidence ?? []).some((form) => !['text', 'number', 'date', 'geo'].includes(form));
}

interface Condition {
  checklist: string;
  item: string;
  wanted: string;
}

/** "CHECKLIST.ITEM=value" in parts. */
export function parseCondition(text: string): Condition {
  const [code = '', wanted = ''] = text.split('=', 2);
  const dot = code.indexOf('.');
  return { checklist: code.slice(0, dot), item: code.slice(dot + 1), wanted };
}

function closingConditions(needs: CaseNeedsJson | null, disposition: string): string[] {
  const of = (wanted: string) => (needs?.closing ?? []).filter((one) => (one.disposition ?? 'DISPOSITION_UNSPECIFIED') === wanted);
  const any = of('DISPOSITION_UNSPECIFIED').flatMap((one) => one.items ?? []);
  return disposition === 'DISPOSITION_UNSPECIFIED' ? any : [...any, ...of(disposition).flatMap((one) => one.items ?? [])];
}

function dispositionOf(context: FormContext): string {
  return context.file?.disposition ?? 'DISPOSITION_UNSPECIFIED';
}

// Items by conditions of the policy, and those of the same lists that an answer makes necessary.
function conditionItems(context: FormContext, data: FormData, texts: string[], closing: boolean): FormItem[] {
  const items: FormItem[] = [];
  const add = (checklist: string, code: string, wanted: string) => {
    const key = `${checklist}.${code}`;
    const item = context.checklists[checklist]?.items?.find((one) => one.code === code);
    if (!item || items.some((one) => one.key === key)) return;
    items.push({ key, checklist, item, wanted, required: true, photo: closing && needsMedium(item), mustPass: closing || wanted !== '' });
  };
  const conditions = texts.map(parseCondition);
  for (const one of conditions) add(one.checklist, one.item, one.wanted);
  if (!closing) return items;
  for (const list of new Set(conditions.map((one) => one.checklist))) {
    for (const item of context.checklists[list]?.items ?? []) {
      const [code = '', value = ''] = (item.requiredIf ?? '').split('=', 2);
      if (value && item.code && data.answers[`${list}.${code}`]?.value === value) add(list, item.code, '');
    }
  }
  return items;
}

function checklistItems(context: FormContext, data: FormData): FormItem[] {
  const list = context.checklists[context.checklist];
  return (list?.items ?? []).flatMap((item) => {
    const [code = '', value = ''] = (item.requiredIf ?? '').split('=', 2);
    if (value && data.answers[`${context.checklist}.${code}`]?.value !== value) return [];
    const key = `${context.checklist}.${item.code ?? ''}`;
    return [{ key, checklist: context.checklist, item, wanted: '', required: isJudged(item), photo: false, mustPass: false }];
  });
}

/** The items to be answered, as the answers so far have it. */
export function itemsOf(context: FormContext, data: FormData): FormItem[] {
  const filing = context.needs?.filingItems ?? [];
  switch (context.kind) {
    case 'visit': {
      if (data.result === 'INACCESSIBLE' || data.result === 'SOURCE_GONE') return [];
      const items = checklistItems(context, data);
      if (resultOf(context, data) !== 'PROBLEM') return items;
      const more = conditionItems(context, data, filing, false).filter((one) => !items.some((item) => item.key === one.key));
      return [...items, ...more];
    }
    case 'signal':
      return data.category ? conditionItems(context, data, filing, false) : [];
    case 'onsite_check':
      return data.result === 'EXISTS' ? conditionItems(context, data, filing, false) : [];
    case 'feedback':
      return conditionItems(context, data, closingConditions(context.needs, dispositionOf(context)), true);
    case 'check':
      return data.result === 'PASS' ? conditionItems(context, data, closingConditions(context.needs, dispositionOf(context)), true) : [];
    default:
      return [];
  }
}

/** The outcome: chosen, or for a visit what the answers say. */
export function resultOf(context: FormContext, data: FormData): string {
  if (context.kind !== 'visit' || data.result) return data.result;
  const items = checklistItems(context, { ...data, result: 'NORMAL' });
  if (items.some((one) => data.answers[one.key]?.mark === 'bad' && isJudged(one.item))) return 'PROBLEM';
  const asked = items.filter((one) => one.required);
  return asked.length > 0 && asked.every((one) => data.answers[one.key]?.mark) ? 'NORMAL' : '';
}

function passes(item: ChecklistItemJson, value: string): boolean {
  const when = item.passWhen ?? '';
  if (when === 'yes' || when === 'no') return value === when;
  const limit = /^(>=|<=)\s*(-?[\d.]+)$/.exec(when);
  if (!limit) return value !== '';
  const [got, bound] = [Number(value), Number(limit[2])];
  return value !== '' && (limit[1] === '>=' ? got >= bound : got <= bound);
}

/** The value behind one of the three big answers; '' for 不适用, which is not sent. */
export function valueOfMark(item: ChecklistItemJson, mark: 'ok' | 'bad' | 'na'): string {
  if (mark === 'na') return '';
  const ok = item.passWhen === 'no' ? 'no' : 'yes';
  const bad = ok === 'yes' ? 'no' : 'yes';
  return mark === 'ok' ? ok : bad;
}

export interface PhotoSlot {
  kind: Evidence_KindJson;
  taken: number;
}

const DEMANDED: Record<string, Evidence_KindJson[]> = {
  'visit PROBLEM': ['NEAR', 'FAR'],
  'signal ': ['NEAR', 'FAR'],
  'onsite_check EXISTS': ['NEAR', 'FAR'],
  'onsite_check ABSENT': ['ABSENCE'],
  'feedback ': ['BEFORE', 'AFTER'],
  'check PASS': ['NEAR'],
  'check FAIL': ['REMAINS'],
  'recheck HELD': ['FAR'],
  'recheck REBOUNDED': ['REMAINS'],
  'stop ': ['NEAR'],
  'part ': ['AFTER'],
};

// Goods stored on site past their day: only their absence proves that it held.
function demandedOf(context: FormContext, data: FormData): Evidence_KindJson[] {
  const until = context.file?.storedUntilDate;
  const result = resultOf(context, data);
  if (context.kind === 'recheck' && result === 'HELD' && until && Date.parse(`${until}T24:00:00+08:00`) <= context.nowMs)
    return ['ABSENCE'];
  return DEMANDED[`${context.kind} ${result}`] ?? [];
}

/** The photos that this outcome demands besides those of its items. What an item's own photo shows is not asked twice. */
export function photoSlots(context: FormContext, data: FormData): PhotoSlot[] {
  const kinds = demandedOf(context, data).filter((kind) => {
    const own = itemsOf(context, data).some((one) => one.photo);
    return !(own && (kind === 'AFTER' || (context.kind === 'check' && kind === 'NEAR')));
  });
  return kinds.map((kind) => ({ kind, taken: data.photos.filter((photo) => photo.kind === kind && !photo.item).length }));
}

/** Whether one more photo may be added to what the form has. */
export function mayAddPhoto(context: FormContext, data: FormData): boolean {
  const free = data.photos.filter((photo) => !photo.item && !photo.earlier).length;
  return free < Math.max(PHOTOS_MAX, photoSlots(context, data).length);
}

/** 同时段: whether a pass counts at this time of the ground's day. */
export function inCheckHours(file: CaseJson | null, nowMs: number): boolean {
  const from = file?.checkWindowStartMinute ?? 0;
  const to = file?.checkWindowEndMinute ?? 0;
  if ((from === 0 && to === 0) || file?.checkAnyHour) return true;
  const minute = Math.floor(nowMs / 60_000 + 8 * 60) % (24 * 60);
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** Metres from the place of the case; null when one of the two is not known. */
export function distanceToCase(file: CaseJson | null, place: FormPlace | null): { metres: number; beyond: boolean } | null {
  const at = file?.position;
  if (!place || typeof at?.longitude !== 'number' || typeof at.latitude !== 'number') return null;
  const metres = metresBetween(place, { longitude: at.longitude, latitude: at.latitude });
  const accuracy = (typeof at.accuracyM === 'number' ? at.accuracyM : 0) + place.accuracyM;
  return { metres, beyond: metres > accuracy };
}

function missingAnswers(items: FormItem[], data: FormData): Missing[] {
  const missing: Missing[] = [];
  const open = items.filter((one) => one.required && !data.answers[one.key]?.mark && !data.answers[one.key]?.value);
  if (open.length > 1) missing.push({ what: 'answers', count: open.length });
  else if (open[0]) missing.push({ what: 'answer', item: open[0] });
  for (const one of items) {
    const answer = data.answers[one.key];
    if (!answer || (!answer.mark && !answer.value)) continue;
    const met = one.wanted ? answer.value === one.wanted : passes(one.item, answer.value);
    if (one.mustPass && !met) missing.push({ what: 'unmet', item: one });
  }
  for (const one of items) {
    if (one.photo && !data.photos.some((photo) => photo.item === one.key)) missing.push({ what: 'itemPhoto', item: one });
  }
  return missing;
}

function missingWords(context: FormContext, data: FormData, result: string): Missing[] {
  const blank = data.note.trim() === '';
  const unable = result === 'UNABLE' || result === 'NOT_OBSERVABLE';
  if (blank && (unable || context.kind === 'explain')) return [{ what: 'note' }];
  if (context.kind === 'evidence' && blank && data.photos.length === 0) return [{ what: 'something' }];
  if (context.kind !== 'check' || result !== 'PASS') return [];
  const missing: Missing[] = [];
  if (!inCheckHours(context.file, context.nowMs)) missing.push({ what: 'otherHours' });
  if (blank && distanceToCase(context.file, data.place)?.beyond) missing.push({ what: 'farNote' });
  return missing;
}

/** What is missing, in the order the form asks it. Empty: it may be sent. */
export function missingOf(context: FormContext, data: FormData): Missing[] {
  const result = resultOf(context, data);
  const missing: Missing[] = [];
  if (
    context.kind === 'feedback' &&
    context.needs &&
    dispositionOf(context) === 'DISPOSITION_UNSPECIFIED' &&
    closesByDisposition(context.needs)
  ) {
    return [{ what: 'disposition' }];
  }
  const items = itemsOf(context, data);
  const chosen = resultsOf(context).length > 0 || (context.kind === 'visit' && !items.some((one) => one.required));
  if (chosen && !result) missing.push({ what: 'result' });
  missing.push(...missingAnswers(items, data));
  for (const slot of photoSlots(context, data)) if (slot.taken === 0) missing.push({ what: 'photo', kind: slot.kind });
  if ((context.kind === 'signal' || (context.kind === 'visit' && result === 'PROBLEM')) && !data.category && !context.category) {
    missing.push({ what: 'category' });
  }
  if (context.kind === 'signal' && !data.place && !data.division) missing.push({ what: 'place' });
  return [...missing, ...missingWords(context, data, result)];
}

// A small polluter cannot be closed before the office has said what becomes of it.
function closesByDisposition(needs: CaseNeedsJson): boolean {
  return (needs.closing ?? []).some((one) => (one.disposition ?? 'DISPOSITION_UNSPECIFIED') !== 'DISPOSITION_UNSPECIFIED');
}

/** 其余正常: answers every judged item that has no answer yet with its passing one. */
export function restIsNormal(items: FormItem[], data: FormData): Record<string, FormAnswer> {
  const answers = { ...data.answers };
  for (const one of items) {
    if (isJudged(one.item) && !answers[one.key]?.mark) answers[one.key] = { mark: 'ok', value: valueOfMark(one.item, 'ok') };
  }
  return answers;
}
