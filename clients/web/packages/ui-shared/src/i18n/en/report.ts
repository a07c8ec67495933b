import type { Messages } from '../keys';

const report: Messages['report'] = {
  title: 'Report',
};

export default report;
