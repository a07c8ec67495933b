import type { Messages } from '../keys';

const notices: Messages['notices'] = {
  title: 'Messages',
  unread: '{n} unread',
  allRead: 'Nothing unread',
  new: 'Unread',
  markAll: 'Mark all as read',
  onlyHere: 'Only you know what you have read; neither your office nor anybody above sees it.',
  empty: 'No messages',
  openSubject: 'Go to it',
  notOnPhone: 'This is not on the phone; sync first.',
  urgency: { INFORM: 'For information', ACT: 'To do', PRESSING: 'Urgent' },
  quiet: 'Quiet from {from} to {to} (but for what is urgent)',
  arrived: '{n} new messages',
};

export default notices;
