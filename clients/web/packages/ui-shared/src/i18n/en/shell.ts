import type { Messages } from '../keys';

const shell: Messages['shell'] = {
  title: 'Gridwarden · Inspector',
  nav: {
    label: 'Main menu',
    todo: 'Tasks',
    map: 'Map',
    report: 'Report',
    notices: 'Notices',
    me: 'Me',
  },
  net: {
    online: 'Online',
    offline: 'No network',
    syncing: 'Syncing',
    unreachable: 'Server not reached',
    failed: 'Sync did not succeed',
    signedOut: 'Sign-in expired: sign in again',
    locked: 'Locked: tap to enter the PIN',
    refusedDevice: 'This phone was revoked: ask your office',
    lastSync: 'Synced: {time}',
    nothingHere: 'All delivered',
    onlyHere: 'Only here: {records} records, {photos} photos',
    full: 'Phone storage is full: clear photos',
  },
  update: {
    waiting: 'A new version is ready. Drafts are saved; you can update now.',
    take: 'Update',
    later: 'Later',
  },
  broken: {
    title: 'This page failed',
    kept: 'What you filled in, photos and records are kept on this phone. Nothing is lost.',
    reload: 'Open again',
  },
  missing: {
    insecure:
      'This address is not encrypted (http). The browser allows neither camera nor position nor offline storage. Open the encrypted address below.',
    browser: 'This browser lacks what is needed. Use a newer one, or leave private mode.',
    list: 'Missing:',
    ask: 'If it does not open, show this page to your administrator.',
    what: {
      serviceWorker: 'opening offline',
      subtleCrypto: 'signing and encryption',
      camera: 'camera',
      location: 'position',
      locks: 'several windows at once',
      storage: 'protected storage',
      indexedDB: 'database on the phone',
    },
  },
};

export default shell;
