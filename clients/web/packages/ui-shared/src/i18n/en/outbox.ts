import type { Messages } from '../keys';

const outbox: Messages['outbox'] = {
  title: 'Outbox',
};

export default outbox;
