import type { Messages } from '../keys';

const notices: Messages['notices'] = {
  title: 'Messages',
  unread: '{n} unread',
  allRead: 'Nothing unread',
  new: 'Unread',
  markOne: 'Mark as read',
  markAll: 'Mark all as read',
  onlyHere: 'Only you know what you have read; neither your office nor anybody above sees it.',
  empty: 'No messages',
  openSubject: 'Go to it',
  notOnPhone: 'This is not on the phone; sync first.',
  urgency: { PRESSING: 'Urgent' },
  arrived: '{n} new messages',
};

export default notices;
