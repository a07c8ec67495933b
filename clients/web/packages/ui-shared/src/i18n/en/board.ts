import type { Messages } from '../keys';

const board: Messages['board'] = {
  title: 'Closure board',
  ground: 'Ground',
  choose: 'Choose a ground',
  asOf: 'As of {time}',
  stale: 'No network: this is the board of {ago}',
  devices: '{n} of {all} devices have not synced since {time}; numbers may still change',
  devicesAll: 'All {all} devices have synced within the hour',
  devicesUnknown: 'Not known which devices have synced',
  withPending: '{n} of them had records not yet delivered',
  heldRate: 'Held rate',
  onTimeRate: 'On-time rate',
  closureRate: 'Closure rate',
  smallN: 'few cases (n={n}), for orientation only',
  below: 'Below',
  own: 'Directly at this level',
  allCategories: 'All categories',
  category: 'Category',
  cases: 'Cases',
  noCases: 'No such cases',
  notForPeople: 'Places are compared, never people.',
  noBoard: 'No board on this phone yet; open it once with a network.',
  closedAt: 'closed {time}',
};

export default board;
