// What is only on this phone, and what became of what was sent.
export default {
  title: '发件箱',
};
