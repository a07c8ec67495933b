// The engine in a service worker: when the browser wakes it because the network is back, the outbox goes without the page. Nothing rests
// on it; a page that is open does the same. An account with a PIN waits for its page: the worker cannot open what the PIN seals.
import Dexie from 'dexie';
import { webDevice } from '@gridwarden/device';
import { BookStore } from './book_store';
import { RECORDS_MAX } from './budget';
import { AccountPhone } from './phone';
import { Session, type Server } from './session';
import { Store, storeName } from './store';

/** Sends and fetches for every account of this phone. Fails when something is still to be sent, so that the browser tries again. */
export async function syncInWorker(origin = ''): Promise<void> {
  const book = new BookStore();
  const device = webDevice();
  const server: Server = { origin, fetch: globalThis.fetch.bind(globalThis) };
  let left = 0;
  try {
    for (const row of await book.accounts.toArray()) {
      if (row.signedOut || row.expired || row.pin !== null) continue;
      // A database that is gone is begun anew by its page, which knows what it replaces.
      if (!(await Dexie.exists(storeName(row.name)))) continue;
      const store = new Store(storeName(row.name));
      await store.open();
      const session = new Session(row.name, book, server, device, null);
      const phone = await AccountPhone.open(row.account, device, store, session, {
        appBuild: 'worker',
        alone: false,
        recordsMax: RECORDS_MAX,
        onSignOut: () => undefined,
      });
      try {
        const status = await phone.syncNow('worker');
        if (status.phase === 'backoff') left += status.pendingOperations + status.pendingPhotos;
      } finally {
        phone.close();
      }
    }
  } finally {
    book.close();
  }
  if (left > 0) throw new Error(`${left} still to be sent`);
}
