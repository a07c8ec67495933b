// The accounts of this phone: who signed in here, and with what the sign-in goes on.
import Dexie, { type Table } from 'dexie';
import type { AccountInfo } from './contract';
import type { PinRow, Sealed } from './pin';

export interface AccountRow {
  /** accounts/{uuid} */
  name: string;
  account: AccountInfo;
  /** Counts the refresh tokens that were stored. */
  version: number;
  /** The refresh token: plain without a PIN, sealed with one. */
  refresh: string | null;
  sealed: Sealed | null;
  /** Shared by tabs and worker; only without a PIN. */
  access: { token: string; wallMs: number } | null;
  pin: PinRow | null;
  /** The person left; nothing opens without signing in. */
  signedOut: boolean;
  /** The server does not know the sign-in any more; work goes on, sending waits. */
  expired: boolean;
  /** devices/{uuid}: kept here so that a database that broke can name the phone it replaces. */
  deviceName: string;
  openedMs: number;
}

export class BookStore extends Dexie {
  declare accounts: Table<AccountRow, string>;

  constructor(name = 'gridwarden-book') {
    super(name, { chromeTransactionDurability: 'strict' });
    this.version(1).stores({ accounts: 'name' });
  }
}
