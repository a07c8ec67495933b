import type { Messages } from '../keys';

const camera: Messages['camera'] = {
  title: 'Camera',
  shutter: 'Take the photo',
  torch: 'Torch',
  album: 'Gallery',
  system: 'Use the system camera',
  systemHint: 'Come back here afterwards; the photo is kept.',
  retake: 'Retake',
  opening: 'Opening the camera…',
  noPlace: 'no position',
  refused: {
    denied: 'The camera is not allowed. Allow it in the settings, or use the system camera.',
    unsupported: 'The camera cannot be opened here. Use the system camera.',
    busy: 'The camera is in use elsewhere. Close that, or use the system camera.',
    insecure: 'No camera at this address. Use the system camera.',
  },
  problem: {
    full: 'Storage is full: the photo was not kept. Clear verified photos under Me.',
    too_large: 'The photo exceeds 2 MB: take it again',
    no_picture: 'This file is no photo',
  },
};

export default camera;
