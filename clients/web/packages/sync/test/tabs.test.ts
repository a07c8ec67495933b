import { describe, expect, it } from 'vitest';
import type { Post } from '../src/contract';
import { viewOf, type Viewer } from '../src/record';

const post = (kind: string): Post => ({ post: 'posts/1', kind, division: 'divisions/1', divisionName: '五沟营镇', level: 'TOWNSHIP' });
const viewer = (kind: string): Viewer => ({
  account: { name: 'accounts/1', login: 'a', displayName: '郑芳', person: 'persons/1', administrator: false },
  posts: [post(kind)],
});
const tab = (data: unknown, kind: string, open = true) => viewOf('SIGNAL', data, [], { assigned: false, open }, viewer(kind)).tab;

describe('a signal that has to be decided', () => {
  const answered = { state: 'ONSITE_CHECK', onsiteCheck: { post: 'posts/2', result: 'EXISTS' } };

  it('stands in the list of the office though it names nobody', () => {
    expect(tab({ state: 'NEW', finder: 'persons/2' }, 'CAMPAIGN_OFFICE')).toBe('todo');
    expect(tab({ state: 'NEW', finder: 'persons/1' }, 'CAMPAIGN_OFFICE')).toBe('todo');
    expect(tab(answered, 'CAMPAIGN_OFFICE')).toBe('todo');
  });

  it('is nobody else’s, and waits for the look that was asked for', () => {
    expect(tab({ state: 'NEW', finder: 'persons/2' }, 'GRID_LEADER')).toBe('ground');
    expect(tab({ state: 'NEW', finder: 'persons/1' }, 'PATROL_OFFICER')).toBe('done');
    expect(tab({ state: 'ONSITE_CHECK', onsiteCheck: { post: 'posts/2' } }, 'CAMPAIGN_OFFICE')).toBe('ground');
    expect(tab({ state: 'FILED' }, 'CAMPAIGN_OFFICE', false)).toBe('ground');
  });
});
