// What one account has on this phone. Bytes of photos, progress of uploads and rows that lists read live in different stores: a row
// that changes often must not carry bytes along (clients.md 4.3).
import Dexie, { type Table } from 'dexie';
import type { DraftRow, NewOperation, OperationRow, PhotoRow, PhoneStore, StoredRecord } from './contract';

/** An operation with what only the engine needs. */
export interface StoredOperation extends OperationRow {
  device: string;
  after: string[];
  localChange: NewOperation['localChange'] | null;
  draftId: string | null;
  /** SEALED at, by the phone's clock. */
  sealedMs: number | null;
  /** When the journal was last asked whether it is sealed. */
  askedMs?: number;
}

/** A record with the term by which it counts for the scope digest; open ones only. */
export interface HeldRecord extends StoredRecord {
  term?: string;
}

/** How far a photo has come on its way up. */
export interface UploadRow {
  sha256: string;
  /** Path of the upload on the server; null before it was created. */
  url: string | null;
  offset: number;
  mismatches: number;
  pieceBytes: number;
  attempts: number;
  nextTryMs: number;
  /** The server named it as missing. */
  asked: boolean;
}

/** The key of this phone; the private half cannot leave the browser. */
export interface DeviceRow {
  id: 'device';
  deviceId: string;
  privateKey: CryptoKey;
  publicKey: Uint8Array<ArrayBuffer>;
  registered: boolean;
  revoked: boolean;
  replaces: string;
}

export interface NoticeRow {
  name: string;
  createMs: number;
  readMs: number | null;
  data: unknown;
  /** 1: read here, the server not told yet. */
  untold?: 1;
}

export interface ReferenceRow {
  key: string;
  data: unknown;
  etag: string;
  fetchedMs: number;
  bytes: number;
}

export class Store extends Dexie implements PhoneStore {
  declare records: Table<HeldRecord, string>;
  declare operations: Table<StoredOperation, string>;
  declare photos: Table<PhotoRow, string>;
  declare drafts: Table<DraftRow, string>;
  declare notices: Table<NoticeRow, string>;
  declare names: Table<{ resource: string; name: string }, string>;
  declare reference: Table<ReferenceRow, string>;
  declare meta: Table<{ key: string; value: unknown }, string>;

  declare bytes: Table<{ sha256: string; blob: Blob }, string>;
  declare uploads: Table<UploadRow, string>;
  declare thumbnails: Table<{ sha256: string; blob: Blob; usedMs: number }, string>;
  /** Records as the server gave them, of those that carry changes of this phone. */
  declare bases: Table<HeldRecord, string>;
  /** What comes after a reset, until it is whole. */
  declare shadow: Table<HeldRecord, string>;
  declare keys: Table<DeviceRow, string>;
  /** Room that is given up when there is none left for text. */
  declare reserve: Table<{ id: number; bytes: Uint8Array<ArrayBuffer> }, number>;

  constructor(name: string) {
    super(name, { chromeTransactionDurability: 'strict' });
    this.version(1).stores({
      records: 'key, [tab+sort], [kind+name], division, term, *pendingOps',
      operations: 'opId, state, subject, seq, &[device+seq]',
      photos: 'sha256, state',
      drafts: 'draftId, [form+subject], updatedMs',
      notices: 'name, createMs, untold',
      names: 'resource',
      reference: 'key',
      meta: 'key',
      bytes: 'sha256',
      uploads: 'sha256',
      thumbnails: 'sha256, usedMs',
      bases: 'key',
      shadow: 'key',
      keys: 'id',
      reserve: 'id',
    });
  }
}

/** Values of the table meta by key. */
export interface Meta {
  /** Number and hash of the last operation of a device: the next one names it. */
  [chain: `chain:${string}`]: { seq: number; hash: string };
  /** The newest time token and the phone's clocks when it came. */
  token: { token: string; wallMs: number; monoMs: number; bootId: string };
  /** The token of the last push: receipts since then are still to come. */
  pushToken: string;
  skewMs: number;
  cursor: string;
  /** Cursor of the download after a reset; absent while there is none. */
  shadowCursor: string;
  /** When the last download was whole, and up to which index. */
  whole: { ms: number; asOfIndex: number };
  /** Records of the own ground that did not fit on a phone: left out by the server or dropped here. */
  leftOut: number;
  /** What this phone dropped to stay within its budget, and when. */
  dropped: { ms: number; count: number }[];
  viewVersion: number;
  posts: import('./contract').Post[];
  checkpointSize: string;
  lastSyncMs: number;
  readyOfflineMs: number;
  wifiOnly: boolean;
  driftMs: number;
  reconciledMs: number;
  /** A photo was verified since the last push: its receipt comes with the next. */
  receiptsDue: boolean;
  referenceMs: number;
  retainedMs: number;
}

export async function readMeta<K extends keyof Meta>(store: Store, key: K): Promise<Meta[K] | undefined> {
  return (await store.meta.get(key))?.value as Meta[K] | undefined;
}

export async function writeMeta<K extends keyof Meta>(store: Store, key: K, value: Meta[K]): Promise<void> {
  await store.meta.put({ key, value });
}

export function storeName(accountName: string): string {
  return `gridwarden-${accountName.replace(/^accounts\//, '')}`;
}

export const UNSETTLED = ['queued', 'sent', 'waiting'] as const;
/** Photos that are not with the server yet and go there. */
export const UNDERWAY = ['queued', 'uploading'] as const;

type WithState<T> = Table<T & { state: string }, string>;

/** How many rows are in one of these states. State by state: the browser counts in its index, where anyOf() walks over every row. */
export function countIn<T>(table: WithState<T>, states: readonly string[]): Promise<number> {
  return table.db.transaction('r', table, async () => {
    const counts = await Promise.all(states.map((state) => table.where('state').equals(state).count()));
    return counts.reduce((sum, each) => sum + each, 0);
  });
}

/** The rows that are in one of these states, fetched state by state for the same reason. */
export function rowsIn<T>(table: WithState<T>, states: readonly string[]): Promise<(T & { state: string })[]> {
  return table.db.transaction('r', table, async () =>
    (await Promise.all(states.map((state) => table.where('state').equals(state).toArray()))).flat(),
  );
}

export function settled(operation: { state: string }): boolean {
  return !(UNSETTLED as readonly string[]).includes(operation.state);
}
