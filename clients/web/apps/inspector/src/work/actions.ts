// What a person may do about a record now, from his phone. The state machine is the server's; this only decides which buttons are
// worth showing. Leaders' decisions are in screens/leader/actions.ts.
import type { CaseNeedsJson, CaseJson } from '@gridwarden/proto';
import type { Post, StoredRecord } from '@gridwarden/sync';
import type { CaseRecord, SignalRecord, TaskRecord } from './records';

export type WorkAction =
  | 'start'
  | 'visit'
  | 'onsite_check'
  | 'accept'
  | 'feedback'
  | 'stop'
  | 'part'
  | 'check'
  | 'recheck'
  | 'return'
  | 'postpone'
  | 'evidence'
  | 'explain';

export interface OfferedAction {
  action: WorkAction;
  /** The one to do next: the large button at the bottom. */
  primary: boolean;
  /** Saved here as a draft at any time, sent only with a network. */
  needsNetwork: boolean;
  /** part: the unit whose part it is. */
  unit?: string;
}

const RECHECKERS = new Set(['GRID_OFFICER', 'PATROL_OFFICER', 'SUPERVISION_OFFICER']);
const NEVER_FIX = new Set(['SUPERVISION_OFFICER', 'DISCIPLINE']);
const MAY_STOP = new Set(['GRID_OFFICER', 'PATROL_OFFICER', 'CAMPAIGN_OFFICE']);

function offer(action: WorkAction, primary: boolean, extra: Partial<OfferedAction> = {}): OfferedAction {
  return { action, primary, needsNetwork: action === 'return' || action === 'postpone', ...extra };
}

function ofTask(record: TaskRecord, posts: Post[]): OfferedAction[] {
  const { state, post } = record.data;
  if (!posts.some((held) => held.post === post)) return [];
  if (state === 'ISSUED' || state === 'MISSED') return [offer('visit', true), offer('start', false)];
  return state === 'STARTED' ? [offer('visit', true)] : [];
}

function ofSignal(record: SignalRecord, posts: Post[]): OfferedAction[] {
  const { state, onsiteCheck } = record.data;
  if (state !== 'ONSITE_CHECK' || !posts.some((held) => held.post === onsiteCheck?.post)) return [];
  const answered = onsiteCheck?.result !== undefined && onsiteCheck.result !== 'RESULT_UNSPECIFIED';
  return answered ? [] : [offer('onsite_check', true)];
}

function partsOf(data: CaseJson): string[] {
  const open = (data.disposals ?? []).filter((part) => part.state === 'OPEN');
  return open.flatMap((part) => (part.unit ? [part.unit] : []));
}

// A post of the handling unit is known to the server only: "assigned" says that it waits for one of ours.
function isHandler(record: CaseRecord, posts: Post[]): boolean {
  const handler = record.data.handler ?? '';
  if (handler.startsWith('posts/')) return posts.some((held) => held.post === handler);
  return record.assigned && posts.some((held) => !NEVER_FIX.has(held.kind));
}

function ofCase(record: CaseRecord, posts: Post[], needs: CaseNeedsJson | null): OfferedAction[] {
  const data = record.data;
  const offers: OfferedAction[] = [];
  const mine = isHandler(record, posts);
  const mayStop = needs?.stopFirst === true && !data.stopTime && (mine || posts.some((held) => MAY_STOP.has(held.kind)));
  switch (data.state) {
    case 'DISPATCHED':
      if (mine) offers.push(offer('accept', true), offer('return', false));
      break;
    case 'HANDLING':
      if (mine) {
        // 先停后治: until production is seen to stand still the feedback would be refused.
        if (mayStop) offers.push(offer('stop', true), offer('feedback', false));
        else offers.push(offer('feedback', true));
        if (needs?.mayPostpone) offers.push(offer('postpone', false));
      }
      break;
    case 'CHECKING':
      if (posts.some((held) => held.post === data.checkPost)) offers.push(offer('check', true));
      break;
    case 'MONITORING':
      if (posts.some((held) => RECHECKERS.has(held.kind))) offers.push(offer('recheck', true));
      break;
  }
  if (['FILED', 'DISPATCHED', 'HANDLING'].includes(data.state ?? '') && mayStop && !offers.some((one) => one.action === 'stop')) {
    offers.push(offer('stop', false));
  }
  if ((data.state === 'DISPATCHED' || data.state === 'HANDLING') && record.assigned && posts.some((held) => !NEVER_FIX.has(held.kind))) {
    for (const unit of partsOf(data)) offers.push(offer('part', offers.length === 0, { unit }));
  }
  return offers;
}

/** What to offer, the next step first. More evidence and an explanation may always be given. */
export function workActions(record: StoredRecord, posts: Post[], needs: CaseNeedsJson | null): OfferedAction[] {
  const always = [offer('evidence', false), offer('explain', false)];
  switch (record.kind) {
    case 'PATROL_TASK':
      return [...ofTask(record as TaskRecord, posts), ...always];
    case 'SIGNAL':
      return [...ofSignal(record as SignalRecord, posts), ...always];
    case 'CASE':
      return [...ofCase(record as CaseRecord, posts, needs), ...always];
    case 'SOURCE':
      return [];
  }
}
