// What the network bar shows: the line, what the engine is at, and what waits, counted anew whenever it may have changed.
import type { DeviceAdapter } from '@gridwarden/device';
import type { SyncStatus } from './contract';
import { deviceNameOf } from './device_key';
import type { Life } from './life';
import { countIn, readMeta, UNDERWAY, UNSETTLED, type Store } from './store';

const BUSY_ELSEWHERE_MS = 60_000;

export class StatusBoard {
  current: SyncStatus;
  /** This phone as the server knows it; null before it is registered. */
  deviceName: string | null = null;
  /** The engine runs in this tab. */
  busyHere = false;
  private readonly listeners = new Set<(status: SyncStatus) => void>();
  private counting: Promise<void> | null = null;
  private countAgain = false;
  /** How often it was counted. */
  counts = 0;
  /** Another tab said so, at this mono time. */
  private elsewhere: { monoMs: number } | null = null;

  constructor(
    private readonly store: Store,
    private readonly device: DeviceAdapter,
    private readonly life: Life,
  ) {
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
    life.atEnd(() => this.listeners.clear());
  }

  tell(change: Partial<SyncStatus>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener(this.current);
  }

  onStatus(listener: (status: SyncStatus) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }

  /** What another tab is at. */
  heard(status: SyncStatus): void {
    this.elsewhere = { monoMs: this.device.monoMs() };
    if (!this.busyHere) this.tell({ ...status, online: this.device.online() });
  }

  /** One operation more, and so many photos. Counting walks over all that waits: only where that was done since `before` it is done again. */
  async more(before: number, photos: number): Promise<void> {
    if (this.counts !== before || this.counting !== null) return this.recount();
    this.tell({ pendingOperations: this.current.pendingOperations + 1, pendingPhotos: this.current.pendingPhotos + photos });
  }

  /** Counts anew; calls that come while it counts are answered by one more count. */
  recount(): Promise<void> {
    if (this.counting !== null) {
      this.countAgain = true;
      return this.counting;
    }
    this.counting = this.count().finally(() => (this.counting = null));
    return this.counting;
  }

  private async count(): Promise<void> {
    do {
      this.countAgain = false;
      try {
        await this.countOnce();
      } catch (error) {
        if (!this.life.closed) throw error;
      }
    } while (this.countAgain && !this.life.closed);
  }

  private async countOnce(): Promise<void> {
    const { store } = this;
    const [pendingOperations, pendingPhotos, refused, lastSyncMs, skewMs, whole, device, leftOut] = await Promise.all([
      countIn(store.operations, UNSETTLED),
      countIn(store.photos, UNDERWAY),
      countIn(store.operations, ['refused']),
      readMeta(store, 'lastSyncMs'),
      readMeta(store, 'skewMs'),
      readMeta(store, 'whole'),
      store.keys.get('device'),
      readMeta(store, 'leftOut'),
    ]);
    this.counts += 1;
    this.deviceName = device?.registered === true ? deviceNameOf(device) : null;
    if (this.elsewhere !== null && !this.busyHere && this.device.monoMs() - this.elsewhere.monoMs > BUSY_ELSEWHERE_MS) {
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
  }
}
