// One line per operation, for the outbox and the timeline.
export default {
  title: '操作',
};
