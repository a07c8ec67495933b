// The account that is open on this phone. One at a time: opening another closes the first.
import { shallowRef, triggerRef, type Ref } from 'vue';
import type { Phone, PhoneBook, SyncStatus } from '@gridwarden/sync';

const LAST = 'gridwarden.account';

const opened = shallowRef<Phone | null>(null);
const status = shallowRef<SyncStatus>({
  online: navigator.onLine,
  phase: 'idle',
  lastSyncMs: null,
  pendingOperations: 0,
  pendingPhotos: 0,
  refused: 0,
  clockSkewMs: null,
  asOfIndex: null,
  nextTryMs: null,
  error: null,
});

let book: PhoneBook | null = null;
let stopListening: (() => void) | null = null;

/** The engine is fetched once it is needed: the first screen is drawn without it. */
export async function phoneBook(): Promise<PhoneBook> {
  book ??= await (await import('./engine')).openBook();
  return book;
}

/** In screens behind the sign-in there always is one: the router sees to it. */
export function usePhone(): Phone {
  if (!opened.value) throw new Error('no account is open');
  return opened.value;
}

export function currentPhone(): Phone | null {
  return opened.value;
}

/** What the network bar shows; changes as the engine works. */
export function useStatus(): Ref<SyncStatus> {
  return status;
}

/** Makes an account the open one and remembers it for the next start. */
export function enter(phone: Phone): void {
  leave();
  opened.value = phone;
  status.value = phone.status();
  stopListening = phone.onStatus((now) => {
    status.value = now;
    triggerRef(status);
  });
  try {
    localStorage.setItem(LAST, phone.account.name);
  } catch {
    // Asked again at the next start.
  }
}

/** Closes the account; what it holds stays on the phone. */
export function leave(): void {
  stopListening?.();
  stopListening = null;
  opened.value?.close();
  opened.value = null;
}

export function lastAccount(): string | null {
  try {
    return localStorage.getItem(LAST);
  } catch {
    return null;
  }
}

export function forgetLastAccount(): void {
  try {
    localStorage.removeItem(LAST);
  } catch {
    // Nothing was remembered.
  }
}

/** Opens the account of the last time when it needs no PIN; false when somebody has to sign in first. */
export async function openLast(): Promise<boolean> {
  const accounts = await (await phoneBook()).accounts();
  // Who worked last is noted lazily by the browser: one that is killed soon after the sign-in has forgotten it.
  const account = lastAccount() ?? (accounts.length === 1 ? accounts[0]!.account.name : null);
  const known = accounts.find((one) => one.account.name === account);
  if (!known?.signedIn || known.hasPin) return false;
  const answer = await (await phoneBook()).open(known.account.name);
  if (answer.ok) enter(answer.phone);
  return answer.ok;
}
