// The engine of this application: the browser as the device, IndexedDB as the store.
import { webDevice } from '@gridwarden/device';
import { openPhoneBook, type PhoneBook } from '@gridwarden/sync';

export async function openBook(): Promise<PhoneBook> {
  return openPhoneBook({ device: webDevice(), appBuild: __APP_BUILD__ });
}
