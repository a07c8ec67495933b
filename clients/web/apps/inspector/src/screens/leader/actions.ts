// What leaders and offices may decide about a record from the phone. As with work/actions.ts, the server decides; this only says which
// buttons are worth showing.
import type { CaseJson, SignalJson } from '@gridwarden/proto';
import type { Post, StoredRecord } from '@gridwarden/sync';
import type { IconName } from '@gridwarden/ui-shared';
import { idOf } from '../../work/records';

export type LeaderKey = 'dispatch' | 'signOff' | 'order' | 'decideSignal';

export interface LeaderAction {
  /** Its words: t(`leader.action.${key}`). */
  key: LeaderKey;
  to: string;
  icon: IconName;
}

const SIGNERS = new Set(['GRID_LEADER', 'FIRST_GRID_LEADER', 'CAMPAIGN_OFFICE']);
const PRESSERS = new Set(['GRID_LEADER', 'FIRST_GRID_LEADER', 'TOWNSHIP_HEAD', 'CAMPAIGN_OFFICE']);
/** Orders are made from township level up. */
const ORDER_LEVELS = new Set(['TOWNSHIP', 'COUNTY', 'CITY', 'PROVINCE']);
const OPEN_CASE = new Set(['FILED', 'DISPATCHED', 'RETURNED', 'HANDLING', 'SUSPENDED', 'FEEDBACK', 'CHECKING', 'SIGN_OFF']);

/** 攻坚办: files, dispatches. */
export function dispatches(post: Post): boolean {
  return post.kind === 'CAMPAIGN_OFFICE';
}

/** Decides applications, signs: leaders and offices. */
export function decides(post: Post): boolean {
  return SIGNERS.has(post.kind);
}

export function presses(post: Post): boolean {
  return PRESSERS.has(post.kind) && ORDER_LEVELS.has(post.level);
}

export function leaderActions(record: StoredRecord, posts: Post[]): LeaderAction[] {
  const id = idOf(record.name);
  const actions: LeaderAction[] = [];
  if (record.kind === 'SIGNAL') {
    const { state } = record.data as SignalJson;
    if ((state === 'NEW' || state === 'ONSITE_CHECK') && posts.some(dispatches)) {
      actions.push({ key: 'decideSignal', to: `/signals/${id}/decide`, icon: 'flag' });
    }
  }
  if (record.kind === 'CASE') {
    const { state } = record.data as CaseJson;
    if (state === 'SIGN_OFF' && posts.some(decides)) actions.push({ key: 'signOff', to: `/cases/${id}/sign-off`, icon: 'sign' });
    if ((state === 'FILED' || state === 'RETURNED') && posts.some(dispatches)) {
      actions.push({ key: 'dispatch', to: `/cases/${id}/dispatch`, icon: 'send' });
    }
    if (OPEN_CASE.has(state ?? '') && posts.some(presses)) actions.push({ key: 'order', to: `/cases/${id}/order`, icon: 'bell' });
  }
  return actions;
}
