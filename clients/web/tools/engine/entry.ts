// The phone's own engine without its screens, for the page that tests/browser/harness/engine.ts serves beside the application.
import { webDevice } from '@gridwarden/device';
import { openPhoneBook } from '@gridwarden/sync';
import { uuidV7 } from '@gridwarden/sync/bytes';

// Ids of new things are made on the phone.
const newId = (): string => uuidV7(Date.now());

Object.assign(globalThis, { openPhoneBook, webDevice, newId });
