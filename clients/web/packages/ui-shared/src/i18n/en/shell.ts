import type { Messages } from '../keys';

const shell: Messages['shell'] = {
  title: 'Gridwarden · Inspector',
};

export default shell;
