// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { keepBoard, lastBoard } from '../src/screens/board/board_store';
import { countMonth } from '../src/screens/me/counts';
import { loadSite, readSite } from '../src/site';

describe('own work of the month', () => {
  const now = Date.parse('2026-11-22T10:00:00+08:00');
  const made = (rpc: string, createdMs: number, state: 'accepted' | 'refused' | 'queued' = 'accepted') => ({
    rpc: `s/${rpc}`,
    createdMs,
    state,
  });

  it('is counted by kind, what waits on the phone too, what was refused not', () => {
    const counts = countMonth(
      [
        made('SubmitVisit', now),
        made('SubmitVisit', now, 'queued'),
        made('SubmitVisit', now, 'refused'),
        made('SubmitSignal', now),
        made('SubmitRecheck', now),
        made('AcceptCase', now),
        made('RecordObservation', now),
      ],
      now,
    );
    expect(counts).toEqual({ visits: 2, signals: 1, feedbacks: 0, checks: 1, others: 1 });
  });

  it('goes by the month of the ground', () => {
    const october = Date.parse('2026-10-31T15:59:59Z');
    expect(countMonth([made('SubmitVisit', october), made('SubmitVisit', october + 1000)], now).visits).toBe(1);
  });
});

describe('site.json', () => {
  beforeEach(() => localStorage.clear());

  it('is taken field by field; what is no short text is left out', () => {
    expect(readSite({ sponsor: ' 遂平县攻坚办 ', filingNo: 7, feedbackMail: 'x'.repeat(300) })).toMatchObject({
      sponsor: '遂平县攻坚办',
      filingNo: '',
      feedbackMail: '',
    });
    expect(readSite(null).sponsor).toBe('');
  });

  it('takes tiles from the own server only', () => {
    expect(readSite({ tiles: '/tiles/{z}/{x}/{y}' }).tiles).toBe('/tiles/{z}/{x}/{y}');
    expect(readSite({ tiles: '//t0.example/{z}' }).tiles).toBe('');
    expect(readSite({ tiles: 'https:' + '//t0.example/{z}' }).tiles).toBe('');
  });

  it('is the last one known when there is no network', async () => {
    vi.stubGlobal('fetch', async () => new Response('{"filingNo":"豫备-1"}'));
    expect((await loadSite()).filingNo).toBe('豫备-1');
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('offline');
    });
    expect((await loadSite()).filingNo).toBe('豫备-1');
  });
});

describe('the last board', () => {
  beforeEach(() => localStorage.clear());
  const board = (division: string, category = '') => ({ division, category, readMs: 1, board: {}, devices: null });

  it('is kept per account, ground and category', () => {
    keepBoard('accounts/1', board('divisions/1'));
    keepBoard('accounts/1', board('divisions/2', 'DUST'));
    expect(lastBoard('accounts/1', 'divisions/1', '')?.division).toBe('divisions/1');
    expect(lastBoard('accounts/1', 'divisions/1', 'DUST')).toBeNull();
    expect(lastBoard('accounts/2', 'divisions/1', '')).toBeNull();
    expect(lastBoard('accounts/1', '', 'DUST')?.division).toBe('divisions/2');
  });

  it('pushes the oldest out, and a damaged store is an empty one', () => {
    for (let i = 0; i < 20; ++i) keepBoard('accounts/1', board(`divisions/${i}`));
    expect(lastBoard('accounts/1', 'divisions/19', '')).not.toBeNull();
    expect(lastBoard('accounts/1', 'divisions/3', '')).toBeNull();
    localStorage.setItem('gridwarden.board.accounts/1', '{');
    expect(lastBoard('accounts/1', 'divisions/19', '')).toBeNull();
  });
});
