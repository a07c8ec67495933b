// One task, signal or case.
export default {
  title: '详情',
};
