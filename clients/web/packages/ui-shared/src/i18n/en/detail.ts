import type { Messages } from '../keys';

const detail: Messages['detail'] = {
  title: 'Details',
};

export default detail;
