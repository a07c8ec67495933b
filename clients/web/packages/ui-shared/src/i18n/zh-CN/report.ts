// 随手拍: reporting a problem.
export default {
  title: '随手拍',
};
