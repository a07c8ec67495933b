import { describe, expect, it } from 'vitest';
import type { CaseHistoryLineJson } from '@gridwarden/proto';
import { createWords, reasonWord, translate } from '@gridwarden/ui-shared';
import { byTime, byUrgency } from '../src/screens/board/measures';
import { emptyForm, isBegun } from '../src/forms/form';
import { byStage, photosOf, storyOf } from '../src/work/records';

const digests = (photos: { sha256: string }[]) => photos.map((one) => one.sha256);

describe('photos of a history', () => {
  const lines: CaseHistoryLineJson[] = [
    { action: 'SUBMIT', eventTime: '2026-11-01T00:00:00Z', evidence: [{ media: 'media/a', kind: 'NEAR' }] },
    {
      action: 'SUBMIT_FEEDBACK',
      eventTime: '2026-11-02T00:00:00Z',
      evidence: [
        { media: 'media/a', kind: 'BEFORE' },
        { media: 'media/b', kind: 'AFTER' },
      ],
      answers: [{ media: ['media/c'] }],
    },
    { action: 'REWORK', eventTime: '2026-11-03T00:00:00Z', evidence: [{ media: 'media/d', kind: 'REMAINS' }] },
    { action: 'SUBMIT_FEEDBACK', eventTime: '2026-11-04T00:00:00Z', evidence: [{ media: 'media/e', kind: 'AFTER' }] },
    { action: 'PASS', eventTime: '2026-11-05T00:00:00Z', evidence: [{ media: 'media/f', kind: 'DOCUMENT' }] },
  ];

  it('stand once each, by what they show: one of the fix is not “before” because nobody said “after”', () => {
    const { before, check } = byStage(photosOf(lines));
    expect(digests(before)).toEqual(['a']);
    expect(digests(check)).toEqual(['d']);
  });

  it('begin with the latest fix: that is what is judged', () => {
    expect(digests(byStage(photosOf(lines)).after)).toEqual(['e', 'b', 'c']);
  });
});

describe('the story of a case', () => {
  it('begins with the newest and tells the filing once', () => {
    const story = storyOf([
      { action: 'SUBMIT', subject: 'signals/1' },
      { action: 'FILE', subject: 'signals/1' },
      { action: 'FILE', subject: 'cases/1' },
      { action: 'DISPATCH', subject: 'cases/1' },
    ]);
    expect(story.map((line) => `${line.action} ${line.subject}`)).toEqual(['DISPATCH cases/1', 'FILE cases/1', 'SUBMIT signals/1']);
  });

  it('keeps the filing of a signal that has no case yet', () => {
    expect(storyOf([{ action: 'FILE', subject: 'signals/1' }])).toHaveLength(1);
  });

  it('shows no code: results and reasons in words, duty items not at all', () => {
    createWords();
    const t = translate();
    const reasons = [{ code: 'WEATHER', zh: '天气原因', en: 'Weather' }];
    expect(reasonWord(t, 'zh-CN', reasons, 'EXISTS: 现场属实')).toBe('属实：现场属实');
    expect(reasonWord(t, 'zh-CN', reasons, 'WEATHER')).toBe('天气原因');
    expect(reasonWord(t, 'zh-CN', reasons, 'D-GRID')).toBe('');
    expect(reasonWord(t, 'zh-CN', reasons, '仍有残留\n请再看')).toBe('仍有残留\n请再看');
    expect(reasonWord(t, 'zh-CN', reasons, undefined)).toBe('');
  });
});

describe('a form', () => {
  const place = { longitude: 114, latitude: 33, accuracyM: 12, timeMs: 0 };

  it('that filled itself in is not begun', () => {
    expect(isBegun(emptyForm())).toBe(false);
    expect(isBegun({ ...emptyForm(), division: 'divisions/1', place })).toBe(false);
    expect(isBegun({ ...emptyForm(), source: 'sources/1', category: 'ROAD' })).toBe(false);
    expect(isBegun({ ...emptyForm(), photos: [{ sha256: 'a', kind: 'BEFORE', earlier: true }] })).toBe(false);
  });

  it('is begun by whatever somebody does', () => {
    expect(isBegun({ ...emptyForm(), category: 'ROAD' })).toBe(true);
    expect(isBegun({ ...emptyForm(), note: '水沟' })).toBe(true);
    expect(isBegun({ ...emptyForm(), photos: [{ sha256: 'a', kind: 'NEAR' }] })).toBe(true);
    expect(isBegun({ ...emptyForm(), answers: { 'A.1': { mark: 'ok', value: 'yes' } } })).toBe(true);
  });
});

describe('the board', () => {
  it('has on top what needs somebody', () => {
    const rows = [
      { displayName: '甲', open: '1', overdue: '0' },
      { displayName: '乙', open: '3', overdue: '2' },
      { displayName: '丙', open: '0' },
      { displayName: '丁', open: '2' },
    ];
    expect(rows.sort(byUrgency).map((row) => row.displayName)).toEqual(['乙', '丁', '甲', '丙']);
  });

  it('lists open cases by what is due first, closed ones by what was closed last', () => {
    const open = [{ caseNo: '1', dueTime: '2026-11-03T00:00:00Z' }, { caseNo: '2' }, { caseNo: '3', dueTime: '2026-11-01T00:00:00Z' }];
    expect(open.sort(byTime).map((one) => one.caseNo)).toEqual(['3', '1', '2']);
    const closed = [
      { caseNo: '1', closeTime: '2026-11-01T00:00:00Z' },
      { caseNo: '2', closeTime: '2026-11-03T00:00:00Z' },
    ];
    expect(closed.sort(byTime).map((one) => one.caseNo)).toEqual(['2', '1']);
  });
});
