// What is missing in a form: the same conditions the server checks, said before anything is sent.
import { describe, expect, it } from 'vitest';
import type { CaseJson, CaseNeedsJson, ChecklistJson } from '@gridwarden/proto';
import {
  emptyForm,
  inCheckHours,
  itemsOf,
  missingOf,
  photoSlots,
  restIsNormal,
  resultOf,
  type FormContext,
  type FormData,
  type Missing,
} from '../src/forms/form';
import { operationOf, type Subject } from '../src/forms/request';

const CLOSURE: ChecklistJson = {
  code: 'SSP_CLOSURE',
  items: [
    { code: 'WATER_CUT', zh: '断水', answer: 'yes_no', passWhen: 'yes', evidence: ['photo'] },
    { code: 'STORED_ON_SITE', zh: '原址存放', answer: 'yes_no', passWhen: 'record', evidence: ['photo', 'text'] },
    { code: 'STORED_UNTIL', zh: '存放期限', answer: 'date', passWhen: 'record', evidence: ['date'], requiredIf: 'STORED_ON_SITE=yes' },
  ],
};
const SITE: ChecklistJson = {
  code: 'SITE',
  items: [
    { code: 'COVER', zh: '覆盖', answer: 'yes_no', passWhen: 'yes', evidence: ['photo'] },
    { code: 'SMOKE', zh: '冒烟', answer: 'yes_no', passWhen: 'no', evidence: ['photo'] },
    { code: 'AREA', zh: '面积', answer: 'number', passWhen: 'record', evidence: ['number'] },
  ],
};
const NEEDS: CaseNeedsJson = {
  filingItems: ['SITE.SMOKE=yes'],
  closing: [{ disposition: 'SHUT_DOWN', items: ['SSP_CLOSURE.WATER_CUT', 'SSP_CLOSURE.STORED_ON_SITE'] }],
  evidenceMin: 2,
};
const NOW = Date.parse('2026-11-22T10:00:00+08:00');

function context(kind: FormContext['kind'], more: Partial<FormContext> = {}): FormContext {
  return {
    kind,
    needs: null,
    checklists: { SSP_CLOSURE: CLOSURE, SITE },
    checklist: '',
    category: 'ROAD',
    file: null,
    nowMs: NOW,
    ...more,
  };
}
function filled(more: Partial<FormData>): FormData {
  return { ...emptyForm(), ...more };
}
function words(missing: Missing[]): string[] {
  return missing.map((one) => {
    if (one.what === 'photo') return `photo ${one.kind}`;
    if (one.what === 'answers') return `answers ${one.count}`;
    return 'item' in one ? `${one.what} ${one.item.item.code}` : one.what;
  });
}
const photo = (kind: 'NEAR' | 'FAR' | 'BEFORE' | 'AFTER' | 'REMAINS' | 'ABSENCE', sha256: string = kind, item?: string) =>
  item ? { sha256, kind, item } : { sha256, kind };

describe('a visit by checklist', () => {
  const visit = context('visit', { checklist: 'SITE', needs: NEEDS });

  it('asks for every judged item and for nothing that is only recorded', () => {
    expect(words(missingOf(visit, emptyForm()))).toEqual(['answers 2']);
    const answers = restIsNormal(itemsOf(visit, emptyForm()), emptyForm());
    expect(answers['SITE.SMOKE']?.value).toBe('no');
    expect(missingOf(visit, filled({ answers }))).toEqual([]);
    expect(resultOf(visit, filled({ answers }))).toBe('NORMAL');
  });

  it('is a problem as soon as one item is abnormal: two photos, and what filing needs', () => {
    const data = filled({ answers: { 'SITE.COVER': { value: 'no', mark: 'bad' }, 'SITE.SMOKE': { value: 'no', mark: 'ok' } } });
    expect(resultOf(visit, data)).toBe('PROBLEM');
    expect(words(missingOf(visit, data))).toEqual(['photo NEAR', 'photo FAR']);
    expect(missingOf(visit, { ...data, photos: [photo('NEAR'), photo('FAR')] })).toEqual([]);
  });

  it('wants the kind of a problem where the task names none', () => {
    const ground = context('visit', { category: '' });
    expect(words(missingOf(ground, emptyForm()))).toEqual(['result']);
    const found = filled({ result: 'PROBLEM', photos: [photo('NEAR'), photo('FAR')] });
    expect(words(missingOf(ground, found))).toEqual(['category']);
    expect(missingOf(ground, filled({ result: 'NORMAL' }))).toEqual([]);
  });

  it('asks nothing when nobody could get in', () => {
    expect(missingOf(visit, filled({ result: 'INACCESSIBLE' }))).toEqual([]);
  });
});

describe('a feedback', () => {
  const file: CaseJson = { disposition: 'SHUT_DOWN' };
  const feedback = context('feedback', { needs: NEEDS, file });

  it('waits for the disposition', () => {
    expect(words(missingOf(context('feedback', { needs: NEEDS, file: {} }), emptyForm()))).toEqual(['disposition']);
  });

  it('wants each closing item met, with a photo of its own, and what an answer makes necessary', () => {
    const answers = {
      'SSP_CLOSURE.WATER_CUT': { value: 'no', mark: 'bad' as const },
      'SSP_CLOSURE.STORED_ON_SITE': { value: 'yes', mark: 'ok' as const },
    };
    expect(words(missingOf(feedback, filled({ answers })))).toEqual([
      'answer STORED_UNTIL',
      'unmet WATER_CUT',
      'itemPhoto WATER_CUT',
      'itemPhoto STORED_ON_SITE',
      'photo BEFORE',
    ]);
  });

  it('takes the photo of an item for the state after', () => {
    const data = filled({
      answers: { 'SSP_CLOSURE.WATER_CUT': { value: 'yes', mark: 'ok' }, 'SSP_CLOSURE.STORED_ON_SITE': { value: 'no', mark: 'bad' } },
      photos: [
        { sha256: 'old', kind: 'BEFORE', earlier: true },
        photo('AFTER', 'a', 'SSP_CLOSURE.WATER_CUT'),
        photo('AFTER', 'b', 'SSP_CLOSURE.STORED_ON_SITE'),
      ],
    });
    expect(missingOf(feedback, data)).toEqual([]);
    const subject: Subject = { name: 'cases/1', kind: 'CASE', title: 'x', record: null };
    const operation = operationOf(feedback, data, subject, { made: 'id' }, 'draft', '');
    expect(operation.rpc).toBe('gridwarden.casework.v1.CaseworkService/SubmitFeedback');
    expect(operation.photos).toEqual(['a', 'b']);
    expect(operation.request).toEqual({
      name: 'cases/1',
      evidence: [
        { media: 'media/old', kind: 'BEFORE' },
        { media: 'media/a', kind: 'AFTER' },
        { media: 'media/b', kind: 'AFTER' },
      ],
      answers: [
        { checklist: 'SSP_CLOSURE', item: 'WATER_CUT', value: 'yes', media: ['media/a'] },
        { checklist: 'SSP_CLOSURE', item: 'STORED_ON_SITE', value: 'no', media: ['media/b'] },
      ],
    });
  });

  it('without closing items wants before and after', () => {
    const plain = context('feedback', { needs: { evidenceMin: 2 }, file: {} });
    expect(words(missingOf(plain, emptyForm()))).toEqual(['photo BEFORE', 'photo AFTER']);
  });
});

describe('a check', () => {
  const file: CaseJson = { position: { longitude: 114, latitude: 33, accuracyM: 10 } };
  const place = { longitude: 114, latitude: 33, accuracyM: 10, timeMs: NOW };

  it('wants what the outcome wants', () => {
    const check = context('check', { file });
    expect(words(missingOf(check, emptyForm()))).toEqual(['result']);
    expect(words(missingOf(check, filled({ result: 'PASS', place })))).toEqual(['photo NEAR']);
    expect(words(missingOf(check, filled({ result: 'FAIL', place })))).toEqual(['photo REMAINS']);
    expect(words(missingOf(check, filled({ result: 'UNABLE', place })))).toEqual(['note']);
  });

  it('wants a reason for a pass from far away, and none for a fail', () => {
    const check = context('check', { file });
    const far = { ...place, latitude: 33.01 };
    expect(words(missingOf(check, filled({ result: 'PASS', place: far, photos: [photo('NEAR')] })))).toEqual(['farNote']);
    expect(missingOf(check, filled({ result: 'PASS', place: far, note: '修路绕行', photos: [photo('NEAR')] }))).toEqual([]);
    expect(missingOf(check, filled({ result: 'FAIL', place: far, photos: [photo('REMAINS')] }))).toEqual([]);
  });

  it('passes only in the hours of the find', () => {
    const night: CaseJson = { checkWindowStartMinute: 22 * 60, checkWindowEndMinute: 6 * 60 };
    expect(inCheckHours(night, NOW)).toBe(false);
    expect(inCheckHours(night, Date.parse('2026-11-22T23:30:00+08:00'))).toBe(true);
    expect(inCheckHours(night, Date.parse('2026-11-22T05:59:00+08:00'))).toBe(true);
    expect(inCheckHours({ ...night, checkAnyHour: true }, NOW)).toBe(true);
    const check = context('check', { file: night });
    expect(words(missingOf(check, filled({ result: 'PASS', photos: [photo('NEAR')] })))).toEqual(['otherHours']);
    expect(missingOf(check, filled({ result: 'FAIL', photos: [photo('REMAINS')] }))).toEqual([]);
  });
});

describe('other forms', () => {
  it('a recheck past the day of storage proves that nothing is left', () => {
    const kept = context('recheck', { file: { storedUntilDate: '2026-11-21' } });
    expect(photoSlots(kept, filled({ result: 'HELD' })).map((slot) => slot.kind)).toEqual(['ABSENCE']);
    const still = context('recheck', { file: { storedUntilDate: '2026-11-22' } });
    expect(photoSlots(still, filled({ result: 'HELD' })).map((slot) => slot.kind)).toEqual(['FAR']);
  });

  it('a find needs photos, a kind and a place by position or by name', () => {
    const find = context('signal', { category: '' });
    expect(words(missingOf(find, emptyForm()))).toEqual(['photo NEAR', 'photo FAR', 'category', 'place']);
    const data = filled({ category: 'ROAD', division: 'divisions/1', photos: [photo('NEAR'), photo('FAR')] });
    expect(missingOf(find, data)).toEqual([]);
    const subject: Subject = { name: 'signals/7', kind: 'SIGNAL', title: 'x', record: null };
    const { request } = operationOf(find, { ...data, note: '路面破损' }, subject, { made: '7' }, 'draft', '路面破损');
    expect(request).toEqual({
      signalId: '7',
      signal: {
        channel: 'PATROL',
        category: 'ROAD',
        division: 'divisions/1',
        description: '路面破损',
        evidence: [
          { media: 'media/NEAR', kind: 'NEAR' },
          { media: 'media/FAR', kind: 'FAR' },
        ],
      },
    });
  });

  it('an explanation needs words, more evidence a photo or words', () => {
    expect(words(missingOf(context('explain'), emptyForm()))).toEqual(['note']);
    expect(words(missingOf(context('evidence'), emptyForm()))).toEqual(['something']);
    expect(missingOf(context('evidence'), filled({ photos: [photo('NEAR')] }))).toEqual([]);
  });
});
