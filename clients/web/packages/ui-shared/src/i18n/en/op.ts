import type { Messages } from '../keys';

const op: Messages['op'] = {
  title: 'Operation',
};

export default op;
