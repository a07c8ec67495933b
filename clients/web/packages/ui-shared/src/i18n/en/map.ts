import type { Messages } from '../keys';

const map: Messages['map'] = {
  title: 'Map of my grid',
  locate: 'Show where I am',
  searching: 'Looking for the position…',
  here: 'My position {accuracy}',
  noPosition: {
    denied: 'Location is not allowed. Work goes on without it.',
    unsupported: 'This phone gives no position. Work goes on without it.',
    timeout: 'No position yet. Try again under open sky; work goes on without it.',
    insecure: 'The address is not https, so the browser gives no position.',
  },
  layers: 'Layers',
  layerTasks: 'Tasks',
  layerSources: 'Sources',
  layerNames: 'Names',
  layerTiles: 'Tianditu base map',
  legend: 'Legend',
  noMap: 'No map on this phone yet. Fetch it under Me · Prepare for offline.',
  noOutline: '{name} has no boundary; only its place is marked.',
  counts: '{tasks} tasks, {sources} sources',
  withoutPlace: '{n} tasks have no place and stand in the list only',
  openTask: 'Open',
  source: 'Source',
  list: 'List',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  wholeGrid: 'Whole grid',
  mapSource: 'Boundaries: {source}',
  reviewNo: 'Map review no. {no}',
};

export default map;
