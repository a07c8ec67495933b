// One account on this phone, as the applications use it.
import { RpcError } from '@gridwarden/proto';
import type { DeviceAdapter, TakenPhoto } from '@gridwarden/device';
import { uuidV7 } from './bytes';
import { TabChannel, type Said } from './channel';
import type { Context } from './context';
import type { AccountInfo, DraftRow, NewOperation, OperationRow, Phone, PhotoRow, Post, PrepareStep, SyncStatus } from './contract';
import { Life } from './life';
import { whenFree } from './locks';
import { markNoticesRead } from './notices';
import { outboxFile } from './outbox_file';
import { addPhoto, clearVerifiedPhotos, photoBlob } from './photos';
import { prepareOffline } from './prepare';
import { reviewRecords } from './review';
import { withRoom } from './room';
import type { Session } from './session';
import { StatusBoard } from './status';
import { readMeta, settled, writeMeta, type Store } from './store';
import { submit } from './submit';
import { registerBackgroundSync, SyncLoop, type Cause } from './sync_loop';
import { phaseAfter } from './sync_run';

const PREPARE_WAIT_MS = 120_000;

export interface PhoneOptions {
  appBuild: string;
  /** Looks by itself when the network comes back, the page comes to the front, and from time to time. */
  alone: boolean;
  recordsMax: number;
  onSignOut(): void;
}

export class AccountPhone implements Phone {
  private readonly context: Context;
  private readonly life = new Life();
  private readonly board: StatusBoard;
  private readonly tabs: TabChannel;
  private readonly loop: SyncLoop;
  private names = new Map<string, string>();
  private wifiOnly = false;
  private askedToPersist = false;

  private constructor(
    readonly account: AccountInfo,
    readonly device: DeviceAdapter,
    readonly db: Store,
    private readonly session: Session,
    private readonly options: PhoneOptions,
  ) {
    const { appBuild, recordsMax } = options;
    this.board = new StatusBoard(db, device, this.life);
    this.tabs = new TabChannel(db.name, this.life);
    const changed = (): void => this.life.quietly(this.board.recount());
    this.context = { account, device, store: db, session, appBuild, recordsMax, changed };
    this.loop = new SyncLoop(this.context, this.board, this.tabs, this.life, () => this.readNames());
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
    if (await this.session.signedOut()) this.board.tell({ phase: 'signed_out' });
    await reviewRecords(this.context);
    await this.readNames();
    await this.board.recount();
    this.tabs.hear((said) => this.hear(said));
    if (this.options.alone) await this.loop.begin();
  }

  // Work.

  async submit(operation: NewOperation): Promise<OperationRow> {
    const before = this.board.counts;
    const { row, photos } = await this.roomKnown(() => submit(this.context, operation));
    await this.board.more(before, photos);
    this.tabs.say({ type: 'changed' });
    this.life.quietly(this.askToPersist());
    this.life.quietly(this.syncNow('submit'));
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
    await this.board.recount();
  }

  async addPhoto(photo: TakenPhoto): Promise<{ ok: true; photo: PhotoRow } | { ok: false; reason: 'full' | 'too_large' }> {
    const added = await addPhoto(this.context, photo);
    if (!added.ok && added.reason === 'full') this.board.tell({ full: true });
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
    await this.board.recount();
    await this.syncNow('manual');
  }

  async exportOutbox(): Promise<File> {
    return outboxFile(this.db, this.account, this.device.label(), this.device.wallMs());
  }

  async clearVerifiedPhotos(): Promise<number> {
    const bytes = await clearVerifiedPhotos(this.context);
    this.board.tell({ full: false });
    return bytes;
  }

  async markNoticesRead(names: string[]): Promise<void> {
    await markNoticesRead(this.context, names);
    if (this.device.online()) this.life.quietly(this.syncNow('submit'));
  }

  photosOnWifiOnly(): boolean {
    return this.wifiOnly;
  }

  async setPhotosOnWifiOnly(on: boolean): Promise<void> {
    this.wifiOnly = on;
    await writeMeta(this.db, 'wifiOnly', on);
    if (!on) this.life.quietly(this.syncNow('manual'));
  }

  deviceName(): string | null {
    return this.board.deviceName;
  }

  // What it knows.

  prepareOffline(onProgress: (steps: PrepareStep[]) => void): Promise<boolean> {
    return this.prepare(onProgress);
  }

  private async prepare(onProgress: (steps: PrepareStep[]) => void): Promise<boolean> {
    const done = await whenFree(this.loop.lock(), PREPARE_WAIT_MS, () => prepareOffline(this.context, onProgress));
    if (done === 'busy') onProgress([{ step: 'records', state: 'failed', count: 0, bytes: 0, error: '另一个页面正在同步，请稍后再试' }]);
    await this.readNames();
    await this.board.recount();
    this.tabs.say({ type: 'changed' });
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
      if (error.code === 'unauthenticated') this.board.tell({ phase: phaseAfter(error) });
      // An answer that was lost: the same request_id, so that it is done once.
      if (error.reason !== 'OFFLINE' || !this.device.online()) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return this.session.call<T>(rpc, withId);
    }
  }

  async signOut(): Promise<{ pending: number }> {
    await this.board.recount();
    const { pendingOperations, pendingPhotos } = this.board.current;
    await this.session.end();
    this.close();
    this.options.onSignOut();
    return { pending: pendingOperations + pendingPhotos };
  }

  close(): void {
    if (this.life.end()) void this.loop.ended().then(() => this.db.close());
  }

  // Sync.

  status(): SyncStatus {
    return this.board.current;
  }

  onStatus(listener: (status: SyncStatus) => void): () => void {
    return this.board.onStatus(listener);
  }

  syncNow(cause: Cause): Promise<SyncStatus> {
    return this.loop.sync(cause);
  }

  private hear(said: Said): void {
    switch (said.type) {
      case 'changed':
        this.life.quietly(this.board.recount());
        break;
      case 'please_sync':
        this.loop.onceMore();
        break;
      case 'status':
        this.board.heard(said.status);
        if (said.names) this.life.quietly(this.readNames());
        this.life.quietly(this.board.recount());
        break;
    }
  }

  private async readNames(): Promise<void> {
    const rows = await this.db.names.toArray();
    this.names = new Map(rows.map((each) => [each.resource, each.name]));
  }

  private async roomKnown<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof RpcError && error.reason === 'STORAGE_FULL') this.board.tell({ full: true });
      throw error;
    }
  }

  /** The browser is asked once there is something worth keeping. */
  private async askToPersist(): Promise<void> {
    if (this.askedToPersist) return;
    this.askedToPersist = true;
    if (!(await this.device.storageState()).persisted) await this.device.persistStorage();
  }
}
