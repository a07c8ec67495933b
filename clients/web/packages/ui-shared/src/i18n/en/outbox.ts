import type { Messages } from '../keys';

const outbox: Messages['outbox'] = {
  title: 'Outbox',
  allArrived: 'Everything is delivered',
  pending: 'Still here: {records} records, {photos} photos',
  lastError: 'Last time it failed: {reason}',
  syncNow: 'Sync now',
  wifiOnly: 'Large photos on Wi-Fi only',
  export: 'Export what is not delivered',
  asObservation: 'Send as observation',
  photos: 'Photos verified {verified}/{count}',
  photoQuarantined: 'The photo differed three times: set aside, can be exported',
  group: {
    waiting: 'To be sent',
    sending: 'Sending',
    delivered: 'Delivered',
    verified: 'Photos verified',
    refused: 'Refused',
  },
  why: {
    offline: 'No network: sent when there is one',
    waiting: 'The server waits for an earlier record; sent again by itself',
    retry: 'Not sent; again at {time}',
    refused: 'The server did not accept it',
    asserted: 'The work had moved on; your record is kept as an observation.',
  },
};

export default outbox;
