// @vitest-environment happy-dom
// Deleting a draft, with a phone that counts what is done to it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DraftRow, Phone } from '@gridwarden/sync';
import { said } from '../src/announce';
import { discardDraft, isLeaving } from '../src/discard';
import { openDraft } from '../src/drafts';
import { enter, leave } from '../src/phone';

let stored: Map<string, Omit<DraftRow, 'updatedMs'>>;

beforeEach(() => {
  vi.useFakeTimers();
  stored = new Map();
  enter({
    account: { name: 'accounts/1', login: 'a', displayName: '', person: '', administrator: false },
    status: () => ({ online: true }),
    onStatus: () => () => undefined,
    close: () => undefined,
    draftOf: async (form: string, subject: string) => stored.get(`${form}:${subject}`),
    saveDraft: async (draft: Omit<DraftRow, 'updatedMs'>) => void stored.set(draft.draftId, draft),
    removeDraft: async (id: string) => void stored.delete(id),
  } as unknown as Phone);
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

const open = () =>
  openDraft(
    'signal',
    'signals/1',
    { note: '', division: '' },
    () => [],
    (data) => data.note !== '',
  );

describe('a draft', () => {
  it('is not kept for a form that only filled itself in, and whole once somebody wrote', async () => {
    const draft = await open();
    draft.data.division = 'divisions/1';
    await draft.saved();
    expect(stored.size).toBe(0);
    draft.data.note = '水沟';
    await draft.saved();
    expect(stored.get('signal:signals/1')?.data).toEqual({ note: '水沟', division: 'divisions/1' });
    draft.data.note = '';
    await draft.saved();
    expect(stored.get('signal:signals/1')?.data).toEqual({ note: '', division: 'divisions/1' });
  });

  it('that is deleted leaves the lists at once, the phone after a moment', async () => {
    stored.set('signal:signals/1', { draftId: 'signal:signals/1', form: 'signal', subject: 'signals/1', data: {}, photos: [] });
    discardDraft('signal:signals/1', '草稿已删除');
    expect(isLeaving('signal:signals/1')).toBe(true);
    expect(stored.size).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stored.size).toBe(0);
    expect(said.value).toBeNull();
  });

  it('can be taken back, and is by being opened', async () => {
    stored.set('signal:signals/1', {
      draftId: 'signal:signals/1',
      form: 'signal',
      subject: 'signals/1',
      data: { note: '水沟' },
      photos: [],
    });
    discardDraft('signal:signals/1', '草稿已删除');
    said.value?.undo?.();
    expect(said.value).toBeNull();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stored.size).toBe(1);
    discardDraft('signal:signals/1', '草稿已删除');
    expect((await open()).data.note).toBe('水沟');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stored.size).toBe(1);
    expect(isLeaving('signal:signals/1')).toBe(false);
  });
});
