// Signing in, PIN, preparing for work without a network.
export default {
  title: '登录',
};
