// One account on this phone, as the applications use it.
import { RpcError } from '@gridwarden/proto';
import type { DeviceAdapter, TakenPhoto } from '@gridwarden/device';
import { backoffMs, notYet } from './backoff';
import { uuidV7 } from './bytes';
import type { Context } from './context';
import type { AccountInfo, DraftRow, NewOperation, OperationRow, Phone, PhotoRow, Post, PrepareStep, SyncStatus } from './contract';
import { deviceNameOf } from './device_key';
import { whenFree } from './locks';
import { markNoticesRead } from './notices';
import { outboxFile } from './outbox_file';
import { addPhoto, clearVerifiedPhotos, photoBlob } from './photos';
import { prepareOffline } from './prepare';
import { reviewRecords } from './review';
import { isFull, withRoom } from './room';
import type { Session } from './session';
import { countIn, readMeta, rowsIn, settled, UNDERWAY, UNSETTLED, writeMeta, type Store } from './store';
import { submit } from './submit';
import { phaseAfter, runOnce, type Phase } from './sync_run';

const IDLE_MS = 3 * 60_000;
const LOOK_MS = 15_000;
const SOON_MS = 30_000;
const FIRST_MS = 1_000;
/** How often it is tried although the browser says there is no network: some containers always say so. */
const DOUBT_MS = 5 * 60_000;
const BUSY_ELSEWHERE_MS = 60_000;
/** How long somebody who asked for it waits for another tab that is at it. */
const WAIT_FOR_OTHERS_MS = 30_000;
const PREPARE_WAIT_MS = 120_000;

export interface PhoneOptions {
  appBuild: string;
  /** Looks by itself when the network comes back, the page comes to the front, and from time to time. */
  alone: boolean;
  recordsMax: number;
  onSignOut(): void;
}

type Said = { type: 'changed' } | { type: 'please_sync' } | { type: 'status'; status: SyncStatus; names: boolean };

export class AccountPhone implements Phone {
  private readonly context: Context;
  private readonly listeners = new Set<(status: SyncStatus) => void>();
  private readonly channel: BroadcastChannel | null;
  private readonly stops: (() => void)[] = [];
  private names = new Map<string, string>();
  private current: SyncStatus;
  private running: Promise<void> | null = null;
  private again = false;
  private failures = 0;
  private triedMonoMs = Number.NEGATIVE_INFINITY;
  private wifiOnly = false;
  private registeredName: string | null = null;
  private closed = false;
  private counting: Promise<void> | null = null;
  private countAgain = false;
  /** Another tab said so, at this mono time. */
  private elsewhere: { phase: string; monoMs: number } | null = null;

  private constructor(
    readonly account: AccountInfo,
    readonly device: DeviceAdapter,
    readonly db: Store,
    private readonly session: Session,
    private readonly options: PhoneOptions,
  ) {
    const { appBuild, recordsMax } = options;
    this.context = { account, device, store: db, session, appBuild, recordsMax, changed: () => this.quietly(this.recount()) };
    this.channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(db.name);
    this.current = {
      online: device.online(),
      phase: 'idle',
      lastSyncMs: null,
      pendingOperations: 0,
      pendingPhotos: 0,
      refused: 0,
      clockSkewMs: null,
      asOfIndex: null,
      nextTryMs: null,
      error: null,
      messageZh: null,
      full: false,
    };
  }

  static async open(
    account: AccountInfo,
    device: DeviceAdapter,
    db: Store,
    session: Session,
    options: PhoneOptions,
  ): Promise<AccountPhone> {
    const phone = new AccountPhone(account, device, db, session, options);
    await phone.begin();
    return phone;
  }

  private async begin(): Promise<void> {
    this.wifiOnly = (await readMeta(this.db, 'wifiOnly')) === true;
    if (await this.session.signedOut()) this.current = { ...this.current, phase: 'signed_out' };
    await reviewRecords(this.context);
    await this.readNames();
    await this.recount();
    if (this.channel !== null) this.channel.onmessage = (event) => this.hear(event.data as Said);
    if (!this.options.alone) return;
    this.stops.push(
      this.device.onOnlineChange((online) => {
        this.tell({ online });
        if (online) this.quietly(this.syncNow('online'));
      }),
      this.device.onForeground(() => this.quietly(this.syncNow('foreground'))),
    );
    const timer = setInterval(() => this.look(), LOOK_MS);
    this.stops.push(() => clearInterval(timer));
    // What waits goes soon after opening, once the first screen is drawn; a phone that was never prepared waits for its person.
    if ((await this.readyOfflineMs()) === null) return;
    const first = setTimeout(() => this.quietly(this.syncNow('foreground')), FIRST_MS);
    this.stops.push(() => clearTimeout(first));
  }

  // Work.

  async submit(operation: NewOperation): Promise<OperationRow> {
    const row = await this.roomKnown(() => submit(this.context, operation));
    await this.recount();
    this.say({ type: 'changed' });
    this.quietly(this.askToPersist());
    this.quietly(this.syncNow('submit'));
    void registerBackgroundSync();
    return row;
  }

  async saveDraft(draft: Omit<DraftRow, 'updatedMs'>): Promise<void> {
    // Screens hand over reactive objects; what is stored is plain JSON.
    const plain = JSON.parse(JSON.stringify(draft)) as Omit<DraftRow, 'updatedMs'>;
    await this.roomKnown(() => withRoom(this.db, () => this.db.drafts.put({ ...plain, updatedMs: this.device.wallMs() })));
  }

  async draftOf(form: string, subject: string): Promise<DraftRow | undefined> {
    const found = await this.db.drafts.where('[form+subject]').equals([form, subject]).toArray();
    return found.sort((a, b) => b.updatedMs - a.updatedMs)[0];
  }

  drafts(): Promise<DraftRow[]> {
    return this.db.drafts.orderBy('updatedMs').reverse().toArray();
  }

  /** The photos that only this draft held go with it: nothing that was queued rests on them. */
  async removeDraft(draftId: string): Promise<void> {
    const { db } = this;
    await db.transaction('rw', [db.drafts, db.photos, db.bytes], async () => {
      const draft = await db.drafts.get(draftId);
      if (draft === undefined) return;
      await db.drafts.delete(draftId);
      const others = new Set((await db.drafts.toArray()).flatMap((each) => each.photos));
      for (const photo of await db.photos.bulkGet(draft.photos)) {
        if (photo === undefined || photo.state !== 'draft' || photo.opIds.length > 0 || others.has(photo.sha256)) continue;
        await db.photos.delete(photo.sha256);
        await db.bytes.delete(photo.sha256);
      }
    });
    await this.recount();
  }

  async addPhoto(photo: TakenPhoto): Promise<{ ok: true; photo: PhotoRow } | { ok: false; reason: 'full' | 'too_large' }> {
    const added = await addPhoto(this.context, photo);
    if (!added.ok && added.reason === 'full') this.tell({ full: true });
    else await this.askToPersist();
    return added;
  }

  photoBlob(sha256: string, size: 'thumbnail' | 'whole'): Promise<Blob | null> {
    return photoBlob(this.context, sha256, size);
  }

  async retry(opId: string): Promise<void> {
    const { db } = this;
    await db.transaction('rw', db.operations, async () => {
      const operation = await db.operations.get(opId);
      if (operation === undefined || operation.body === '') return;
      if (settled(operation) && operation.state !== 'refused') return;
      await db.operations.update(opId, { state: operation.attempts > 0 ? 'sent' : 'queued', nextTryMs: 0, settledMs: null });
    });
    await this.recount();
    await this.syncNow('manual');
  }

  async exportOutbox(): Promise<File> {
    return outboxFile(this.db, this.account, this.device.label(), this.device.wallMs());
  }

  async clearVerifiedPhotos(): Promise<number> {
    const bytes = await clearVerifiedPhotos(this.context);
    this.tell({ full: false });
    return bytes;
  }

  async markNoticesRead(names: string[]): Promise<void> {
    await markNoticesRead(this.context, names);
    if (this.device.online()) this.quietly(this.syncNow('submit'));
  }

  photosOnWifiOnly(): boolean {
    return this.wifiOnly;
  }

  async setPhotosOnWifiOnly(on: boolean): Promise<void> {
    this.wifiOnly = on;
    await writeMeta(this.db, 'wifiOnly', on);
    if (!on) this.quietly(this.syncNow('manual'));
  }

  deviceName(): string | null {
    return this.registeredName;
  }

  // What it knows.

  prepareOffline(onProgress: (steps: PrepareStep[]) => void): Promise<boolean> {
    return this.prepare(onProgress);
  }

  private async prepare(onProgress: (steps: PrepareStep[]) => void): Promise<boolean> {
    const done = await whenFree(this.lock(), PREPARE_WAIT_MS, () => prepareOffline(this.context, onProgress));
    if (done === 'busy') onProgress([{ step: 'records', state: 'failed', count: 0, bytes: 0, error: '另一个页面正在同步，请稍后再试' }]);
    await this.readNames();
    await this.recount();
    this.say({ type: 'changed' });
    return done === true;
  }

  async readyOfflineMs(): Promise<number | null> {
    return (await readMeta(this.db, 'readyOfflineMs')) ?? null;
  }

  async posts(): Promise<Post[]> {
    return (await readMeta(this.db, 'posts')) ?? [];
  }

  nameOf(resource: string): string {
    return this.names.get(resource) ?? '';
  }

  async reference<T>(key: string): Promise<T | undefined> {
    return (await this.db.reference.get(key))?.data as T | undefined;
  }

  async call<T>(rpc: string, request: Record<string, unknown>): Promise<T> {
    const withId = 'requestId' in request || 'request_id' in request ? request : { requestId: uuidV7(this.device.wallMs()), ...request };
    try {
      return await this.session.call<T>(rpc, withId);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.code === 'unauthenticated') this.tell({ phase: phaseAfter(error) });
      // An answer that was lost: the same request_id, so that it is done once.
      if (error.reason !== 'OFFLINE' || !this.device.online()) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return this.session.call<T>(rpc, withId);
    }
  }

  async signOut(): Promise<{ pending: number }> {
    await this.recount();
    const pending = this.current.pendingOperations + this.current.pendingPhotos;
    await this.session.end();
    this.close();
    this.options.onSignOut();
    return { pending };
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const stop of this.stops.splice(0)) stop();
    this.channel?.close();
    this.listeners.clear();
    const finish = this.running ?? Promise.resolve();
    void finish.catch(() => undefined).then(() => this.db.close());
  }

  // Sync.

  status(): SyncStatus {
    return this.current;
  }

  onStatus(listener: (status: SyncStatus) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }

  async syncNow(cause: 'manual' | 'online' | 'foreground' | 'timer' | 'submit' | 'worker'): Promise<SyncStatus> {
    if (this.closed) return this.current;
    if (cause === 'manual' || cause === 'online' || cause === 'foreground') {
      this.failures = 0;
      await this.tryAtOnce();
    } else if (cause !== 'worker' && this.mustWait(cause)) return this.current;
    if (!this.device.online() && cause !== 'manual' && cause !== 'timer') {
      this.tell({ online: false });
      return this.current;
    }
    if (this.running !== null) {
      this.again = true;
      await this.running;
      return this.current;
    }
    this.running = this.runUntilDone(cause === 'manual' ? WAIT_FOR_OTHERS_MS : 0).finally(() => (this.running = null));
    await this.running;
    return this.current;
  }

  /** Work that nobody waits for: when the phone was closed under it, that is no fault. */
  private quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.closed) console.error(error);
    });
  }

  private mustWait(cause: string): boolean {
    // What is new goes at once, unless the line is known to be down.
    if (cause === 'submit' && this.current.phase !== 'backoff') return false;
    return notYet(this.current.nextTryMs, this.device.wallMs());
  }

  private async runUntilDone(waitMs: number): Promise<void> {
    do {
      this.again = false;
      const done = await whenFree(this.lock(), waitMs, () => this.run());
      if (done === 'busy') {
        // Another tab or the worker is at it: it looks again when it is through.
        this.say({ type: 'please_sync' });
        return;
      }
      if (!done) return;
    } while (this.again && !this.closed);
  }

  /** True when everything went through. */
  private async run(): Promise<boolean> {
    this.tell({ online: true });
    this.triedMonoMs = this.device.monoMs();
    try {
      await runOnce(this.context, (phase) => this.tellPhase(phase));
      this.failures = 0;
      await this.readNames();
      await this.recount();
      this.tell({ phase: 'idle', error: null, messageZh: null, nextTryMs: await this.nextLook(), full: false });
      this.say({ type: 'status', status: this.current, names: true });
      return true;
    } catch (error) {
      if (this.closed) return false;
      if (!(error instanceof RpcError)) {
        await this.stopped(
          isFull(error) ? 'STORAGE_FULL' : 'INTERNAL',
          '手机上的数据出现问题，请重新打开本应用；如仍不行，请导出发件箱',
          'backoff',
          null,
        );
        // A fault of this program is for its developers to see; the work is not lost by it.
        console.error(error);
        return false;
      }
      await this.stopped(error.reason, error.messageZh, phaseAfter(error), error.retryAfterMs);
      return false;
    }
  }

  /** When what is left should be tried again: operations that wait say when; photos that wait for Wi-Fi have time. */
  private async nextLook(): Promise<number | null> {
    if (this.current.pendingOperations + this.current.pendingPhotos === 0) return null;
    const now = this.device.wallMs();
    const waiting = await rowsIn(this.db.operations, UNSETTLED);
    const first = waiting.length === 0 ? now + IDLE_MS : Math.min(...waiting.map((each) => each.nextTryMs));
    return Math.min(now + IDLE_MS, Math.max(now + SOON_MS, first));
  }

  private async stopped(reason: string, messageZh: string, phase: Phase, retryAfterMs: number | null): Promise<void> {
    this.failures += 1;
    const waitMs = Math.max(retryAfterMs ?? 0, backoffMs(this.failures));
    await this.recount();
    const nextTryMs = phase === 'backoff' ? this.device.wallMs() + waitMs : null;
    const unreached = reason === 'OFFLINE' || reason === 'TIMEOUT' || reason === 'ANSWER_UNREADABLE';
    this.tell({
      phase,
      error: reason,
      messageZh,
      nextTryMs,
      ...(unreached ? { online: false } : {}),
      ...(reason === 'STORAGE_FULL' ? { full: true } : {}),
    });
    this.say({ type: 'status', status: this.current, names: false });
    void registerBackgroundSync();
  }

  /** Somebody asks for it now: what waits for its time does not wait. */
  private async tryAtOnce(): Promise<void> {
    const { db } = this;
    this.current = { ...this.current, nextTryMs: null };
    await db.transaction('rw', [db.operations, db.uploads], async () => {
      await db.operations.where('state').equals('waiting').modify({ nextTryMs: 0 });
      await db.uploads.filter((each) => each.nextTryMs > 0).modify({ nextTryMs: 0 });
    });
  }

  /** Every few seconds: is there something to send, or has nobody looked for long? */
  private look(): void {
    const now = this.device.wallMs();
    const { nextTryMs, pendingOperations, pendingPhotos, lastSyncMs, phase } = this.current;
    if (phase === 'signed_out' || phase === 'locked' || phase === 'refused_device' || notYet(nextTryMs, now)) return;
    if (!this.device.online() && this.device.monoMs() - this.triedMonoMs < DOUBT_MS) return;
    const hidden = typeof document !== 'undefined' && document.visibilityState === 'hidden';
    const long = lastSyncMs === null || Math.abs(now - lastSyncMs) > IDLE_MS;
    if (phase === 'backoff' || pendingOperations + pendingPhotos > 0 || (long && !hidden)) this.quietly(this.syncNow('timer'));
  }

  private lock(): string {
    return `gridwarden-sync:${this.account.name}`;
  }

  // Status.

  private tellPhase(phase: Phase): void {
    this.tell({ phase });
    this.say({ type: 'status', status: this.current, names: false });
  }

  private tell(change: Partial<SyncStatus>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener(this.current);
  }

  private say(what: Said): void {
    if (!this.closed) this.channel?.postMessage(what);
  }

  private hear(said: Said): void {
    if (this.closed) return;
    switch (said.type) {
      case 'changed':
        this.quietly(this.recount());
        break;
      case 'please_sync':
        if (this.running !== null) this.again = true;
        break;
      case 'status': {
        this.elsewhere = { phase: said.status.phase, monoMs: this.device.monoMs() };
        if (this.running === null) this.tell({ ...said.status, online: this.device.online() });
        if (said.names) this.quietly(this.readNames());
        this.quietly(this.recount());
        break;
      }
    }
  }

  /** Counts anew; calls that come while it counts are answered by one more count. */
  private recount(): Promise<void> {
    if (this.counting !== null) {
      this.countAgain = true;
      return this.counting;
    }
    this.counting = this.count().finally(() => (this.counting = null));
    return this.counting;
  }

  private async count(): Promise<void> {
    const { db } = this;
    do {
      this.countAgain = false;
      try {
        const [pendingOperations, pendingPhotos, refused, lastSyncMs, skewMs, whole, device, leftOut] = await Promise.all([
          countIn(db.operations, UNSETTLED),
          countIn(db.photos, UNDERWAY),
          countIn(db.operations, ['refused']),
          readMeta(db, 'lastSyncMs'),
          readMeta(db, 'skewMs'),
          readMeta(db, 'whole'),
          db.keys.get('device'),
          readMeta(db, 'leftOut'),
        ]);
        this.registeredName = device?.registered === true ? deviceNameOf(device) : null;
        if (this.elsewhere !== null && this.running === null && this.device.monoMs() - this.elsewhere.monoMs > BUSY_ELSEWHERE_MS) {
          // The tab that was at it is gone without a word.
          this.elsewhere = null;
          if (['pushing', 'pulling', 'photos'].includes(this.current.phase)) this.current = { ...this.current, phase: 'idle' };
        }
        this.tell({
          pendingOperations,
          pendingPhotos,
          refused,
          lastSyncMs: lastSyncMs ?? null,
          clockSkewMs: skewMs ?? null,
          asOfIndex: whole?.asOfIndex ?? null,
          leftOut: leftOut ?? 0,
        });
      } catch (error) {
        if (!this.closed) throw error;
      }
    } while (this.countAgain && !this.closed);
  }

  private async readNames(): Promise<void> {
    const rows = await this.db.names.toArray();
    this.names = new Map(rows.map((each) => [each.resource, each.name]));
  }

  private async roomKnown<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof RpcError && error.reason === 'STORAGE_FULL') this.tell({ full: true });
      throw error;
    }
  }

  private askedToPersist = false;

  /** The browser is asked once there is something worth keeping. */
  private async askToPersist(): Promise<void> {
    if (this.askedToPersist) return;
    this.askedToPersist = true;
    if (!(await this.device.storageState()).persisted) await this.device.persistStorage();
  }
}

/** Where the browser can wake the service worker once there is a network; nothing rests on it. */
async function registerBackgroundSync(): Promise<void> {
  try {
    const registration = await (globalThis.navigator as Navigator | undefined)?.serviceWorker?.getRegistration();
    await (registration as { sync?: { register(tag: string): Promise<void> } } | undefined)?.sync?.register('gridwarden-sync');
  } catch {
    // Not granted, or not there.
  }
}
