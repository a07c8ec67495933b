// The phone book: which accounts are on this phone, and how each is opened.
import Dexie from 'dexie';
import { callRpc, RpcError, type AccountJson } from '@gridwarden/proto';
import { webDevice, type DeviceAdapter } from '@gridwarden/device';
import { BookStore, type AccountRow } from './book_store';
import { RECORDS_MAX } from './budget';
import type { Context } from './context';
import type { AccountInfo, Phone, PhoneBook } from './contract';
import { deviceKey, deviceNameOf, replaceDevice } from './device_key';
import { outboxFile } from './outbox_file';
import { AccountPhone } from './phone';
import { withLock } from './locks';
import { newPin, openPin, PIN_ITERATIONS, PIN_TRIES, seal, unseal } from './pin';
import { Session, tokenLock, type Server } from './session';
import { countIn, Store, storeName, UNDERWAY, UNSETTLED } from './store';

export interface BookOptions {
  device?: DeviceAdapter;
  /** Of the gateway; "" is where the page came from. */
  origin?: string;
  fetch?: typeof globalThis.fetch;
  /** Build of the app, carried by every operation. */
  appBuild?: string;
  /** Off in tests and workers: nothing happens but what is asked for. */
  alone?: boolean;
  pinIterations?: number;
  recordsMax?: number;
}

export function openPhoneBook(options: BookOptions = {}): PhoneBook {
  return new Book(options);
}

class Book implements PhoneBook {
  private readonly book = new BookStore();
  private readonly device: DeviceAdapter;
  private readonly server: Server;
  private readonly open_ = new Map<string, AccountPhone>();
  /** Sessions whose phone is open here: they hold the key of the PIN. */
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly options: BookOptions) {
    this.device = options.device ?? webDevice();
    const send = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.server = { origin: options.origin ?? '', fetch: send };
  }

  async accounts() {
    const rows = await this.book.accounts.toArray();
    rows.sort((a, b) => b.openedMs - a.openedMs);
    return Promise.all(
      rows.map(async (row) => ({
        account: row.account,
        pending: await pendingOf(row.name),
        signedIn: !row.signedOut,
        hasPin: row.pin !== null,
      })),
    );
  }

  async signIn(login: string, password: string): Promise<Phone> {
    // A name that begins with "console" would get a session of twelve hours.
    const client = `inspector ${this.options.appBuild ?? 'dev'} (${this.device.label()})`;
    const tokens = await callRpc(
      'gridwarden.identity.v1.IdentityService/SignIn',
      { login, password, client },
      { ...this.server, timeoutMs: 20_000 },
    );
    const account = accountOf(tokens.account ?? {});
    await this.book.transaction('rw', this.book.accounts, async () => {
      const held = await this.book.accounts.get(account.name);
      await this.book.accounts.put({ ...(held ?? newRow(account)), account });
    });
    const session = this.sessionOf(account.name, null);
    const row = await this.book.accounts.get(account.name);
    // Without the PIN nothing can be sealed by it: it has to be set again.
    if (row?.pin != null && session.pinKey === null) await this.book.accounts.update(account.name, { pin: null, sealed: null });
    await session.adopt(tokens);
    const phone = await this.phoneOf(account, session);
    await this.takeDevice(account, session);
    // A phone that was prepared sends what waits; a new one is prepared step by step, before the eyes of its person.
    if ((await phone.readyOfflineMs()) !== null) void phone.syncNow('manual');
    return phone;
  }

  async open(
    accountName: string,
    pin?: string,
  ): Promise<{ ok: true; phone: Phone } | { ok: false; reason: 'wrong_pin' | 'signed_out' | 'unknown' | 'damaged'; triesLeft?: number }> {
    const row = await this.book.accounts.get(accountName);
    if (row === undefined) return { ok: false, reason: 'unknown' };
    if (row.signedOut) return { ok: false, reason: 'signed_out' };
    let key: CryptoKey | null = null;
    if (row.pin !== null) {
      key = await openPin(row.pin, pin ?? '');
      if (key === null)
        return pin === undefined || pin === ''
          ? { ok: false, reason: 'wrong_pin', triesLeft: PIN_TRIES - row.pin.wrong }
          : this.wrongPin(accountName);
      await this.book.accounts.update(accountName, { pin: { ...row.pin, wrong: 0 } });
    }
    try {
      const session = this.sessionOf(accountName, key);
      return { ok: true, phone: await this.phoneOf(row.account, session) };
    } catch (error) {
      if (isDamaged(error)) return { ok: false, reason: 'damaged' };
      throw error;
    }
  }

  async setPin(accountName: string, pin: string | null): Promise<void> {
    const made = pin === null ? null : await newPin(pin, this.options.pinIterations ?? PIN_ITERATIONS);
    // While nobody changes the token: it must not lie open beside a PIN.
    await withLock(tokenLock(accountName), async () => {
      const row = await this.book.accounts.get(accountName);
      if (row === undefined) return;
      const session = this.sessions.get(accountName);
      const refresh = row.refresh ?? (row.sealed !== null && session?.pinKey ? await unseal(session.pinKey, row.sealed) : null);
      if (row.sealed !== null && refresh === null)
        throw new RpcError('permission_denied', 'LOCKED', '请先输入原来的本机密码', 'The PIN in force is needed');
      if (made === null) await this.change(row, { pin: null, sealed: null, refresh });
      else
        await this.change(row, {
          pin: made.row,
          sealed: refresh === null ? null : await seal(made.key, refresh),
          refresh: null,
          access: null,
        });
      if (session !== undefined) session.pinKey = made?.key ?? null;
    });
  }

  async rescue(accountName: string): Promise<File | null> {
    const row = await this.book.accounts.get(accountName);
    if (row === undefined) return null;
    this.open_.get(accountName)?.close();
    this.open_.delete(accountName);
    const store = new Store(storeName(accountName));
    try {
      await store.open();
      return await outboxFile(store, row.account, this.device.label(), this.device.wallMs());
    } catch {
      return null;
    } finally {
      store.close();
    }
  }

  async rebuild(accountName: string): Promise<void> {
    this.open_.get(accountName)?.close();
    this.open_.delete(accountName);
    await Dexie.delete(storeName(accountName));
  }

  /** Changes the sign-in unless another tab without locks changed it meanwhile: then it has to be read again. */
  private async change(row: AccountRow, change: Partial<AccountRow>): Promise<void> {
    await this.book.transaction('rw', this.book.accounts, async () => {
      const now = await this.book.accounts.get(row.name);
      if (now?.version !== row.version)
        throw new RpcError('aborted', 'CHANGED_MEANWHILE', '请再试一次', 'Changed by another tab: try again');
      await this.book.accounts.put({ ...now, ...change, version: now.version + 1 });
    });
  }

  private async wrongPin(accountName: string): Promise<{ ok: false; reason: 'wrong_pin' | 'signed_out'; triesLeft?: number }> {
    return this.book.transaction('rw', this.book.accounts, async () => {
      const row = await this.book.accounts.get(accountName);
      if (row?.pin == null) return { ok: false as const, reason: 'signed_out' as const };
      const wrong = row.pin.wrong + 1;
      if (wrong < PIN_TRIES) {
        await this.book.accounts.update(accountName, { pin: { ...row.pin, wrong } });
        return { ok: false as const, reason: 'wrong_pin' as const, triesLeft: PIN_TRIES - wrong };
      }
      await this.book.accounts.update(accountName, { pin: null, refresh: null, sealed: null, access: null, signedOut: true });
      return { ok: false as const, reason: 'signed_out' as const, triesLeft: 0 };
    });
  }

  private sessionOf(accountName: string, pinKey: CryptoKey | null): Session {
    const held = this.sessions.get(accountName);
    if (held !== undefined) {
      if (pinKey !== null) held.pinKey = pinKey;
      return held;
    }
    const session = new Session(accountName, this.book, this.server, this.device, pinKey);
    this.sessions.set(accountName, session);
    return session;
  }

  private async phoneOf(account: AccountInfo, session: Session): Promise<AccountPhone> {
    // Whoever opens an account gets a phone of his own: the application closes the one it had, perhaps after it asked for this.
    this.open_.get(account.name)?.close();
    const store = new Store(storeName(account.name));
    await store.open();
    const row = await this.book.accounts.get(account.name);
    // A new database on a phone that had one: the server learns which phone it replaces.
    const device = await deviceKey(store, this.device.wallMs(), row?.deviceName ?? '');
    await this.book.accounts.update(account.name, { deviceName: deviceNameOf(device), openedMs: this.device.wallMs() });
    const phone = await AccountPhone.open(account, this.device, store, session, {
      appBuild: this.options.appBuild ?? 'dev',
      alone: this.options.alone ?? true,
      recordsMax: this.options.recordsMax ?? RECORDS_MAX,
      onSignOut: () => {
        this.open_.delete(account.name);
        this.sessions.delete(account.name);
      },
    });
    this.open_.set(account.name, phone);
    return phone;
  }

  /** Signing in again on a phone that was taken out of use makes it a new one. */
  private async takeDevice(account: AccountInfo, session: Session): Promise<void> {
    const store = this.open_.get(account.name)!.db;
    const context: Context = {
      account,
      device: this.device,
      store,
      session,
      appBuild: '',
      recordsMax: RECORDS_MAX,
      changed: () => undefined,
    };
    await replaceDevice(context);
    const key = await store.keys.get('device');
    if (key !== undefined) await this.book.accounts.update(account.name, { deviceName: deviceNameOf(key) });
  }
}

function newRow(account: AccountInfo): AccountRow {
  return {
    name: account.name,
    account,
    version: 0,
    refresh: null,
    sealed: null,
    access: null,
    pin: null,
    signedOut: true,
    expired: false,
    deviceName: '',
    openedMs: 0,
  };
}

function accountOf(account: AccountJson): AccountInfo {
  return {
    name: account.name ?? '',
    login: account.login ?? '',
    displayName: account.displayName ?? '',
    person: account.person ?? '',
    administrator: account.administrator === true,
  };
}

/** What is only on this phone, without opening the account. 0 where there is no database, or none that can be read. */
async function pendingOf(accountName: string): Promise<number> {
  const name = storeName(accountName);
  try {
    if (!(await Dexie.exists(name))) return 0;
    const store = new Store(name);
    try {
      const operations = await countIn(store.operations, UNSETTLED);
      const photos = await countIn(store.photos, UNDERWAY);
      return operations + photos;
    } finally {
      store.close();
    }
  } catch {
    return 0;
  }
}

/** The browser lost or broke the files of the database (dexie/Dexie.js#543, #1767). */
function isDamaged(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = (each as { inner?: unknown }).inner) {
    if (/backing store|corrupt|Internal error/i.test(each.message)) return true;
    if (['UnknownError', 'NotReadableError', 'DataError', 'MissingAPIError', 'VersionError'].includes(each.name)) return true;
  }
  return false;
}
