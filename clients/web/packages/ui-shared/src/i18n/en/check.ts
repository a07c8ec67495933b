import type { Messages } from '../keys';

const check: Messages['check'] = {
  title: 'Check',
};

export default check;
