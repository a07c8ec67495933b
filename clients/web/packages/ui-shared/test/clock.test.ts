import { beforeAll, describe, expect, it } from 'vitest';
import { createWords, translate, type Translate } from '../src/i18n/i18n';
import { lightOf } from '../src/light';
import { exactTime, localDay, localTime, timeAgo, timeLeft } from '../src/time';

const HOUR = 3_600_000;
const start = Date.parse('2026-11-22T00:00:00+08:00');
const due = start + 100 * HOUR;

describe('a light', () => {
  it.each([
    [0, 'green'],
    [69.9, 'green'],
    [70, 'yellow'],
    [99.9, 'yellow'],
    [100, 'red'],
    [500, 'red'],
  ] as const)('after %d %% of its time is %s', (share, light) => {
    expect(lightOf({ startMs: start, dueMs: due, open: true }, start + share * HOUR)).toBe(light);
  });

  it('is grey when nothing runs', () => {
    expect(lightOf({ startMs: start, dueMs: due, open: false }, due + HOUR)).toBe('grey');
    expect(lightOf({ startMs: start, dueMs: null, open: true }, due)).toBe('grey');
  });

  it('without a known beginning is yellow on the last day', () => {
    expect(lightOf({ startMs: null, dueMs: due, open: true }, due - 25 * HOUR)).toBe('green');
    expect(lightOf({ startMs: null, dueMs: due, open: true }, due - 1)).toBe('yellow');
    expect(lightOf({ startMs: null, dueMs: due, open: true }, due)).toBe('red');
  });
});

describe('time in words', () => {
  let t: Translate;
  beforeAll(() => {
    createWords();
    t = translate();
  });

  it('says how much is left or over', () => {
    expect(timeLeft(t, due, due - 51 * HOUR)).toBe('还剩 2 天 3 小时');
    expect(timeLeft(t, due, due - 48 * HOUR)).toBe('还剩 2 天');
    expect(timeLeft(t, due, due - 1000)).toBe('还剩 1 分钟');
    expect(timeLeft(t, due, due + 5 * HOUR)).toBe('超期 5 小时');
    expect(timeLeft(t, null, due)).toBe('无时限');
  });

  it('says how long ago', () => {
    expect(timeAgo(t, start, start + 30_000)).toBe('刚刚');
    expect(timeAgo(t, start, start + 3 * HOUR)).toBe('3 小时前');
    expect(timeAgo(t, null, start)).toBe('从未');
  });

  it('is that of the ground, wherever the device thinks it is', () => {
    const midnight = Date.parse('2026-11-21T16:00:00Z');
    expect(localDay(midnight)).toBe('2026-11-22');
    expect(localDay(midnight - 1)).toBe('2026-11-21');
    expect(exactTime(midnight)).toBe('2026-11-22 00:00:00');
    expect(localTime(midnight, 'zh-CN', midnight)).toBe('11月22日 00:00');
    expect(localTime(midnight, 'en', midnight)).toContain('22 Nov');
    expect(localTime(midnight, 'zh-CN', Date.parse('2027-03-01T00:00:00Z'))).toContain('2026年');
  });
});
