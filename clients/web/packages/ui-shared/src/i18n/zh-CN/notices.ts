// 消息: one's own notices. Nobody else sees whether one was read.
export default {
  title: '消息',
  unread: '未读 {n} 条',
  allRead: '没有未读消息',
  new: '未读',
  markOne: '标为已读',
  markAll: '全部标为已读',
  onlyHere: '只有您自己知道读没读，单位和上级看不到。',
  empty: '没有消息',
  openSubject: '去办理',
  notOnPhone: '这件事不在本机，联网同步后再看。',
  urgency: { PRESSING: '紧急' },
  arrived: '有 {n} 条新消息',
};
