import type { Messages } from '../keys';

const work: Messages['work'] = {
  title: 'To do',
};

export default work;
