import type { Messages } from '../keys';

const camera: Messages['camera'] = {
  title: 'Camera',
};

export default camera;
