// The lists: 待办, 在办, 退回, 已办.
export default {
  title: '待办',
};
