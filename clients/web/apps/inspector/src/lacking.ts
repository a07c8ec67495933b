// What nothing works without on this origin. Everything else (camera, position, a service worker) is only missed where it is used.
import { webDevice } from '@gridwarden/device';

type Missing = ReturnType<ReturnType<typeof webDevice>['missing']>;
const NEEDED: ReadonlySet<Missing[number]> = new Set(['subtleCrypto', 'indexedDB', 'locks']);

/** Empty when the application can run; otherwise everything that is missing. */
export function lacking(): Missing {
  const missing = webDevice().missing();
  return missing.some((one) => NEEDED.has(one)) ? missing : [];
}
