// Which buttons a record offers, by its state and the posts of the person.
import { describe, expect, it } from 'vitest';
import type { Post, StoredRecord } from '@gridwarden/sync';
import { workActions } from '../src/work/actions';

const post = (kind: string, name = 'posts/me'): Post => ({
  post: name,
  kind,
  division: 'divisions/1',
  divisionName: '',
  level: 'TOWNSHIP',
});
const record = (kind: StoredRecord['kind'], data: object, more: Partial<StoredRecord> = {}): StoredRecord => ({
  key: `${kind}:x`,
  kind,
  name: 'x',
  revision: 1,
  index: 1,
  open: true,
  assigned: true,
  tab: 'todo',
  sort: 0,
  division: '',
  category: '',
  title: '',
  state: '',
  dueMs: null,
  startMs: null,
  longitude: null,
  latitude: null,
  data,
  events: [],
  pendingOps: [],
  ...more,
});
const offered = (one: StoredRecord, posts: Post[], needs: Parameters<typeof workActions>[2] = null) =>
  workActions(one, posts, needs).map((action) => (action.primary ? `[${action.action}]` : action.action));

describe('a patrol task', () => {
  it('is visited by the holder of its post, late or not', () => {
    for (const state of ['ISSUED', 'MISSED']) {
      expect(offered(record('PATROL_TASK', { state, post: 'posts/me' }), [post('PATROL_OFFICER')])).toEqual([
        '[visit]',
        'start',
        'evidence',
        'explain',
      ]);
    }
    expect(offered(record('PATROL_TASK', { state: 'STARTED', post: 'posts/me' }), [post('PATROL_OFFICER')])[0]).toBe('[visit]');
  });
  it('is nobody else\u2019s', () => {
    expect(offered(record('PATROL_TASK', { state: 'ISSUED', post: 'posts/other' }), [post('GRID_LEADER')])).toEqual([
      'evidence',
      'explain',
    ]);
  });
});

describe('a lead', () => {
  it('is looked at once', () => {
    const waiting = { state: 'ONSITE_CHECK', onsiteCheck: { post: 'posts/me' } };
    expect(offered(record('SIGNAL', waiting), [post('GRID_OFFICER')])[0]).toBe('[onsite_check]');
    expect(offered(record('SIGNAL', { ...waiting, onsiteCheck: { post: 'posts/me', result: 'EXISTS' } }), [post('GRID_OFFICER')])).toEqual([
      'evidence',
      'explain',
    ]);
  });
});

describe('a case', () => {
  const mine = { handler: 'posts/me' };
  it('is accepted or given back, then fed back or postponed', () => {
    expect(offered(record('CASE', { ...mine, state: 'DISPATCHED' }), [post('GRID_OFFICER')])).toEqual([
      '[accept]',
      'return',
      'evidence',
      'explain',
    ]);
    expect(offered(record('CASE', { ...mine, state: 'HANDLING' }), [post('GRID_OFFICER')], { mayPostpone: true })).toEqual([
      '[feedback]',
      'postpone',
      'evidence',
      'explain',
    ]);
    expect(offered(record('CASE', { ...mine, state: 'HANDLING' }), [post('GRID_OFFICER')], {})).not.toContain('postpone');
  });
  it('stops production before anything is fed back', () => {
    expect(offered(record('CASE', { ...mine, state: 'HANDLING' }), [post('GRID_OFFICER')], { stopFirst: true })[0]).toBe('[stop]');
    const stopped = { ...mine, state: 'HANDLING', stopTime: '2026-11-22T00:00:00Z' };
    expect(offered(record('CASE', stopped), [post('GRID_OFFICER')], { stopFirst: true })[0]).toBe('[feedback]');
  });
  it('is checked by the post it was assigned to, and by nobody else', () => {
    const checking = record('CASE', { state: 'CHECKING', checkPost: 'posts/me', handler: 'posts/other' });
    expect(offered(checking, [post('SUPERVISION_OFFICER')])[0]).toBe('[check]');
    expect(offered(checking, [post('SUPERVISION_OFFICER', 'posts/else')])).toEqual(['evidence', 'explain']);
  });
  it('is never fixed by a supervision officer', () => {
    const unit = record('CASE', { state: 'HANDLING', handler: 'units/1' });
    expect(offered(unit, [post('SUPERVISION_OFFICER')])).toEqual(['evidence', 'explain']);
    expect(offered(unit, [post('UNIT_HANDLER')])[0]).toBe('[feedback]');
  });
  it('is rechecked by inspectors while it is watched', () => {
    const watched = record('CASE', { state: 'MONITORING' }, { assigned: false, tab: 'ground' });
    expect(offered(watched, [post('PATROL_OFFICER')])[0]).toBe('[recheck]');
    expect(offered(watched, [post('CAMPAIGN_OFFICE')])).toEqual(['evidence', 'explain']);
  });
  it('asks the cooperating unit for its part', () => {
    const parts = {
      state: 'HANDLING',
      handler: 'units/1',
      disposals: [
        { unit: 'units/2', state: 'OPEN' },
        { unit: 'units/3', state: 'DONE' },
      ],
    };
    expect(
      workActions(record('CASE', parts), [post('UNIT_HANDLER')], null)
        .filter((one) => one.action === 'part')
        .map((one) => one.unit),
    ).toEqual(['units/2']);
  });
});
