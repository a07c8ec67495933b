import type { Messages } from '../keys';

const work: Messages['work'] = {
  title: 'My work',
  tab: {
    todo: 'To do',
    doing: 'Doing',
    returned: 'Returned',
    done: 'Done',
  },
  filter: 'Filter by kind',
  allKinds: 'All kinds',
  kind: {
    CASE: 'Case',
    SIGNAL: 'Signal',
    PATROL_TASK: 'Patrol task',
    SOURCE: 'Source',
  },
  near: 'Near me',
  away: '{distance} away',
  pull: 'Pull to sync',
  loose: 'Release to sync',
  over: 'Over',
  overSince: 'Finished {time}',
  sentAt: 'Submitted {time}',
  unsent: 'Not confirmed',
  drafts: '{count} drafts',
  office: 'For leaders and offices',
  prepareFirst: 'Not prepared for offline: tap here',
  neverSynced: 'Never synced. Pull down once online.',
  empty: {
    todo: 'Nothing to do',
    doing: 'Nothing in hand',
    returned: 'Nothing returned',
    done: 'Nothing done yet',
  },
  action: {
    start: 'Mark as started',
    visit: 'Inspect',
    onsite_check: 'Check on site',
    accept: 'Accept',
    feedback: 'Report the fix',
    stop: 'Record the stop',
    part: 'Report our part',
    check: 'Check the fix',
    recheck: 'Recheck',
    return: 'Return',
    postpone: 'Ask for more time',
    evidence: 'Add evidence',
    explain: 'Explain',
  },
};

export default work;
