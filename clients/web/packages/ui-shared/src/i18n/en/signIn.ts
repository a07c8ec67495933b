import type { Messages } from '../keys';

const signIn: Messages['signIn'] = {
  title: 'Sign in',
};

export default signIn;
