// What the applications may rely on: one signed-in account on this phone, its store, and the engine that brings operations and
// photos to the server and changes back. No framework here; everything works in a page, a service worker and a test.
//
// Rules that every implementation keeps (clients.md 3-7, guarantees.md 5-6):
//  - what a function acknowledges is on disk (IndexedDB, durability "strict") before it resolves;
//  - nothing is deleted before the server has sealed it and seven days have passed; refused operations stay visible;
//  - an operation is frozen when it is queued: a correction is a new operation that names it;
//  - bytes of photos and the progress of their upload live in different stores; only the server's own digest turns a photo green.
import type { DeviceAdapter, TakenPhoto } from '@gridwarden/device';
export { RpcError } from '@gridwarden/proto';

export type RecordKind = 'CASE' | 'SIGNAL' | 'PATROL_TASK' | 'SOURCE';

/** 待办 / 在办 / 退回 / 已办, and what only stands on the ground without waiting for this person. */
export type Tab = 'todo' | 'doing' | 'returned' | 'done' | 'ground';

/** A record of the server as the phone holds it. `data` is the JSON of its message (CaseJson, SignalJson, PatrolTaskJson, SourceJson). */
export interface StoredRecord<T = unknown> {
  /** "CASE:cases/..." */
  key: string;
  kind: RecordKind;
  name: string;
  revision: number;
  index: number;
  open: boolean;
  assigned: boolean;
  tab: Tab;
  /** Orders within a tab: due time in ms; Number.MAX_SAFE_INTEGER without one; minus the closing time for `done`. */
  sort: number;
  division: string;
  category: string;
  /** Case number, title or first words. */
  title: string;
  state: string;
  dueMs: number | null;
  /** When the running clock began: dueMs and this give the light. */
  startMs: number | null;
  longitude: number | null;
  latitude: number | null;
  data: T;
  /** Cases: CaseHistoryLineJson[]. */
  events: unknown[];
  /** Own operations about it that the server has not confirmed in a pull yet (待确认). */
  pendingOps: string[];
}

export type OperationState =
  | 'queued' // on this phone only
  | 'sent' // sent at least once, no answer yet
  | 'accepted' // the server has it (ACCEPTED, DUPLICATE)
  | 'asserted' // kept as an observation
  | 'waiting' // the server waits for a predecessor, or could not reach an area
  | 'refused' // will not succeed; kept, exportable
  | 'sealed'; // inside a signed checkpoint

export interface OperationRow {
  opId: string;
  seq: number;
  /** The signed JSON text, its SHA-256 (hex) and the signature (base64). */
  body: string;
  hash: string;
  signature: string;
  rpc: string;
  subject: string;
  subjectKind: RecordKind;
  /** For people: what was done, as a message key of ui-shared with its words: { key: 'op.visit.normal', params: { title } }. */
  summary: { key: string; params: Record<string, string> };
  photos: string[];
  state: OperationState;
  createdMs: number;
  attempts: number;
  nextTryMs: number;
  grade: 'A' | 'B' | 'C' | 'D' | null;
  flags: string[];
  /** ErrorReason and words of the server. */
  reason: string | null;
  messageZh: string | null;
  messageEn: string | null;
  receipt: string | null;
  /** JSON of the rpc's answer, or of the subject as it stands. */
  answer: unknown;
  settledMs: number | null;
}

export type PhotoState =
  | 'draft' // belongs to a draft: not sent
  | 'queued' // its operation is queued: sent once that is acknowledged
  | 'uploading'
  | 'verified' // the server computed the same digest; receipt held
  | 'quarantined'; // three mismatches

export interface PhotoRow {
  sha256: string;
  size: number;
  contentType: string;
  origin: 'camera' | 'file';
  takenAtMs: number;
  state: PhotoState;
  /** Operations that rest on it. */
  opIds: string[];
  /** Bytes the server holds. */
  offset: number;
  receipt: string | null;
  /** By the server's clock. */
  verifiedMs: number | null;
  error: string | null;
}

/** A form in progress. Saved at every tap. */
export interface DraftRow {
  draftId: string;
  /** 'visit' | 'onsite_check' | 'check' | 'recheck' | 'feedback' | 'signal' | 'observation' | 'return' | 'postpone' ... */
  form: string;
  subject: string;
  /** Plain JSON of the form's own. */
  data: unknown;
  photos: string[];
  updatedMs: number;
}

export interface NewOperation {
  /** "gridwarden.patrol.v1.PatrolService/SubmitVisit": only those of workflow.md W10. */
  rpc: string;
  /** JSON of the request, without request_id, event_time and earliest_time. */
  request: Record<string, unknown>;
  subject: string;
  subjectKind: RecordKind;
  baseEtag: string;
  photos: string[];
  summary: { key: string; params: Record<string, string> };
  /** Removed in the same transaction. */
  draftId?: string;
  corrects?: string;
  /** How the record looks until the server's answer comes: applied at once, marked 待确认. */
  localChange?: { tab?: Tab; state?: string; data?: Record<string, unknown> };
  fix?: { longitude: number; latitude: number; accuracyM: number; timeMs: number } | null;
}

/** The three facts of the network bar, and what is wrong in words. */
export interface SyncStatus {
  online: boolean;
  /** 'idle' | 'pushing' | 'pulling' | 'photos' | 'backoff' | 'signed_out' | 'refused_device' */
  phase: string;
  lastSyncMs: number | null;
  pendingOperations: number;
  pendingPhotos: number;
  refused: number;
  /** Server's clock minus the phone's, ms; null before the first answer. */
  clockSkewMs: number | null;
  asOfIndex: number | null;
  nextTryMs: number | null;
  /** ErrorReason of the last failure. */
  error: string | null;
  /** The sentence of it, zh-CN. */
  messageZh?: string | null;
  /** A write failed for want of room since the last one that did not. */
  full?: boolean;
  /** Records of the own ground that are not here because a phone holds 5,000 at most; 0: everything is here. */
  leftOut?: number;
}

export interface PrepareStep {
  step: 'device' | 'records' | 'checklists' | 'map' | 'names' | 'storage';
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** How many things, and bytes as they came. */
  count: number;
  bytes: number;
  error?: string;
}

export interface Post {
  post: string;
  kind: string;
  division: string;
  divisionName: string;
  level: string;
}

export interface AccountInfo {
  name: string;
  login: string;
  displayName: string;
  person: string;
  administrator: boolean;
}

/** One account on this phone. Every account has a database of its own. */
export interface Phone {
  readonly account: AccountInfo;
  readonly device: DeviceAdapter;
  /** Dexie database; applications read it through liveQuery and never write it. Tables: records, operations, photos, drafts, notices, names, reference, meta. */
  readonly db: PhoneStore;

  /** Queues an operation: numbered, chained, signed, durable. Then tries to sync without waiting for it. */
  submit(operation: NewOperation): Promise<OperationRow>;

  saveDraft(draft: Omit<DraftRow, 'updatedMs'>): Promise<void>;
  draftOf(form: string, subject: string): Promise<DraftRow | undefined>;
  drafts(): Promise<DraftRow[]>;
  removeDraft(draftId: string): Promise<void>;

  /** Stores a picture before anything else is done with it. Refuses (never throws) when there is no room. */
  addPhoto(photo: TakenPhoto): Promise<{ ok: true; photo: PhotoRow } | { ok: false; reason: 'full' | 'too_large' }>;
  /** The bytes, as long as the phone holds them; else fetched from the server (thumbnail or whole) when online; else null. */
  photoBlob(sha256: string, size: 'thumbnail' | 'whole'): Promise<Blob | null>;

  /** Pushes, pulls, uploads. Single flight over tabs and worker. */
  syncNow(cause: 'manual' | 'online' | 'foreground' | 'timer' | 'submit' | 'worker'): Promise<SyncStatus>;
  status(): SyncStatus;
  onStatus(listener: (status: SyncStatus) => void): () => void;
  retry(opId: string): Promise<void>;
  /** A file with everything that is only on this phone: bodies, signatures, photos. */
  exportOutbox(): Promise<File>;
  /** Removes bytes of photos verified at least seven days ago; answers how many bytes. */
  clearVerifiedPhotos(): Promise<number>;

  /** Everything needed for 30 days without a network; resumes where it stopped. */
  prepareOffline(onProgress: (steps: PrepareStep[]) => void): Promise<boolean>;
  readyOfflineMs(): Promise<number | null>;
  posts(): Promise<Post[]>;
  nameOf(resource: string): string;
  /** Checklist, categories, map and other data that seldom change, by key: "checklist:SSP_CLOSURE", "categories", "map:divisions/...", "reasons". */
  reference<T>(key: string): Promise<T | undefined>;

  /** An rpc that needs the server. Fails with RpcError (reason, messageZh) when offline or refused. The request_id is made here when the request has none. */
  call<T>(rpc: string, request: Record<string, unknown>): Promise<T>;

  /** Marks messages as read here at once; the server is told when there is a network. Nobody else learns it. */
  markNoticesRead(names: string[]): Promise<void>;
  /** Large photos (above 500 KB) wait for Wi-Fi, where the phone can tell. */
  photosOnWifiOnly(): boolean;
  setPhotosOnWifiOnly(on: boolean): Promise<void>;
  /** This phone as the server knows it; null before it is registered. */
  deviceName(): string | null;
  /** Stops timers and closes the database: the application is left or another account is opened. */
  close(): void;

  /** Warns by `pending` when something is only on this phone; it stays there for the next sign-in of the same account. */
  signOut(): Promise<{ pending: number }>;
}

/** Opens what this phone holds. */
export interface PhoneBook {
  /** Accounts that have signed in on this phone, with what is only here. */
  accounts(): Promise<{ account: AccountInfo; pending: number; signedIn: boolean; hasPin: boolean }[]>;
  /** Signs in over the network: by password. Fails with RpcError. Like `open`, closes the phone of this account that was open in this page. */
  signIn(login: string, password: string): Promise<Phone>;
  /** Opens an account that signed in before, without a network; the PIN when it has one. Ten wrong PINs forget the sign-in, never the work. */
  open(
    accountName: string,
    pin?: string,
  ): Promise<{ ok: true; phone: Phone } | { ok: false; reason: 'wrong_pin' | 'signed_out' | 'unknown' | 'damaged'; triesLeft?: number }>;
  setPin(accountName: string, pin: string | null): Promise<void>;
  /** Where the browser lost or broke a database ("damaged"): everything of the outbox that can still be read, as a file; null when nothing can. */
  rescue(accountName: string): Promise<File | null>;
  /** Throws the broken database away and begins a new one. To be called once the person holds the file, or wants to go on without it. */
  rebuild(accountName: string): Promise<void>;
}

/** The tables; the implementation's Dexie subclass has exactly these. */
export interface PhoneStore {
  records: import('dexie').Table<StoredRecord, string>;
  operations: import('dexie').Table<OperationRow, string>;
  photos: import('dexie').Table<PhotoRow, string>;
  drafts: import('dexie').Table<DraftRow, string>;
  notices: import('dexie').Table<{ name: string; createMs: number; readMs: number | null; data: unknown }, string>;
  names: import('dexie').Table<{ resource: string; name: string }, string>;
  reference: import('dexie').Table<{ key: string; data: unknown; etag: string; fetchedMs: number; bytes: number }, string>;
  meta: import('dexie').Table<{ key: string; value: unknown }, string>;
}
// Indexes that applications may use: records by [tab+sort], [kind+name], division; operations by state, subject, seq; photos by state; drafts by [form+subject]; notices by createMs.
