import { describe, expect, it } from 'vitest';
import type { Phone, Post, StoredRecord } from '@gridwarden/sync';
import { createWords, translate } from '@gridwarden/ui-shared';
import { leaderActions } from '../src/screens/leader/actions';
import { handlerName } from '../src/screens/leader/handler_name';

const post = (kind: string, level: string): Post => ({ post: 'posts/1', kind, division: 'divisions/1', divisionName: '灈阳街道', level });
const record = (kind: 'CASE' | 'SIGNAL', state: string) =>
  ({ kind, name: kind === 'CASE' ? 'cases/c1' : 'signals/s1', data: { state } }) as unknown as StoredRecord;
const keys = (kind: 'CASE' | 'SIGNAL', state: string, ...posts: Post[]) => leaderActions(record(kind, state), posts).map((one) => one.key);

describe('what a leader is offered', () => {
  const office = post('CAMPAIGN_OFFICE', 'TOWNSHIP');
  const leader = post('GRID_LEADER', 'TOWNSHIP');
  const villageLeader = post('GRID_LEADER', 'VILLAGE');
  const officer = post('GRID_OFFICER', 'VILLAGE');

  it('files and dispatches in an office', () => {
    expect(keys('SIGNAL', 'NEW', office)).toEqual(['decideSignal']);
    expect(keys('CASE', 'FILED', office)).toEqual(['dispatch', 'order']);
    expect(keys('CASE', 'RETURNED', office)).toEqual(['dispatch', 'order']);
  });

  it('signs and presses as a grid leader, presses from township level up', () => {
    expect(keys('CASE', 'SIGN_OFF', leader)).toEqual(['signOff', 'order']);
    expect(keys('CASE', 'SIGN_OFF', villageLeader)).toEqual(['signOff']);
    expect(keys('CASE', 'HANDLING', leader)).toEqual(['order']);
    expect(keys('SIGNAL', 'NEW', leader)).toEqual([]);
  });

  it('decides nothing as an officer, nor about what is over', () => {
    expect(keys('CASE', 'SIGN_OFF', officer)).toEqual([]);
    expect(keys('CASE', 'CLOSED', office, leader)).toEqual([]);
    expect(keys('SIGNAL', 'FILED', office)).toEqual([]);
  });

  it('leads to the screen of the record', () => {
    expect(leaderActions(record('CASE', 'SIGN_OFF'), [leader])[0]!.to).toBe('/cases/c1/sign-off');
  });
});

describe('whom a case was dispatched to', () => {
  const phone = (names: Record<string, string>) => ({ nameOf: (name: string) => names[name] ?? name }) as unknown as Phone;

  it('is said in words, also of a post that the phone knows', async () => {
    createWords();
    const t = translate();
    expect(await handlerName(phone({ 'posts/1': 'GRID_OFFICER 五沟营镇' }), t, 'posts/1')).toBe('网格员 五沟营镇');
    expect(await handlerName(phone({ 'units/1': '西平县住建局' }), t, 'units/1')).toBe('西平县住建局');
  });
});
