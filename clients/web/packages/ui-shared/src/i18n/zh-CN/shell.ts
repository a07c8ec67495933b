// The frame around the screens: tabs, network bar, update.
export default {
  title: '网格卫士 · 巡查',
};
