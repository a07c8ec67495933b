// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { createWords, explain, postWords, setLocale, translate, word } from '../src/i18n/i18n';

describe('words', () => {
  beforeEach(() => {
    localStorage.clear();
    createWords();
  });

  it('are Chinese until somebody chooses English', async () => {
    expect(translate()('common.ok')).toBe('确定');
    await setLocale('en');
    expect(translate()('common.ok')).toBe('OK');
    expect(document.documentElement.lang).toBe('en');
    expect(localStorage.getItem('gridwarden.locale')).toBe('en');
  });

  it('fill in facts', () => {
    expect(translate()('common.time.leftDaysHours', { days: 2, hours: 3 })).toBe('还剩 2 天 3 小时');
  });

  it('name enums by the glossary, and say the value of one that is newer than the application', () => {
    const t = translate();
    expect(word(t, 'caseState', 'SIGN_OFF')).toBe('待签字');
    expect(word(t, 'caseState', 'STATE_UNSPECIFIED')).toBe('不明');
    expect(word(t, 'caseState', 'LEVITATING')).toBe('LEVITATING');
  });

  it('give the server’s own sentence for an error, in the language of the page', () => {
    const t = translate();
    const error = { reason: 'ILLEGAL_TRANSITION', messageZh: '现在不能派遣', messageEn: 'cannot be dispatched' };
    expect(explain(t, 'zh-CN', error)).toBe('现在不能派遣');
    expect(explain(t, 'en', error)).toBe('cannot be dispatched');
    expect(explain(t, 'zh-CN', { reason: 'NEW_REASON' })).toBe('NEW_REASON');
  });
});

it('name a post by its kind, in the field’s word, and leave other names as they are', () => {
  createWords();
  const t = translate();
  expect(postWords(t, 'PATROL_OFFICER 人民街街道')).toBe('巡查员 人民街街道');
  expect(postWords(t, '遂平县住建局')).toBe('遂平县住建局');
  expect(postWords(t, undefined)).toBe('');
});
