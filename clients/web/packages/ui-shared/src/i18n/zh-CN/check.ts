// The check by an independent person.
export default {
  title: '核查',
  compare: '整改前后对比',
  before: '整改前',
  after: '整改后',
  hours: '这一项须在 {window} 核查；现在不能判“通过”。',
  early: '还没到回头看的时间；发现反弹可以随时提交。',
  whyFail: '哪里没改好',
};
