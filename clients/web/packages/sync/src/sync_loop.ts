// When the engine runs: at once for what is new, when the network comes back, when the page comes to the front, from time to time, and
// after a failure later each time. One run at a time, over tabs and worker.
import { RpcError } from '@gridwarden/proto';
import { notYet, waitMs } from './backoff';
import type { TabChannel } from './channel';
import type { Context } from './context';
import type { SyncStatus } from './contract';
import type { Life } from './life';
import { whenFree } from './locks';
import { isFull } from './room';
import type { StatusBoard } from './status';
import { readMeta, rowsIn, UNSETTLED } from './store';
import { phaseAfter, runOnce, type Phase } from './sync_run';

const IDLE_MS = 3 * 60_000;
const LOOK_MS = 15_000;
const SOON_MS = 30_000;
const FIRST_MS = 1_000;
/** How often it is tried although the browser says there is no network: some containers always say so. */
const DOUBT_MS = 5 * 60_000;
/** How long somebody who asked for it waits for another tab that is at it. */
const WAIT_FOR_OTHERS_MS = 30_000;

export type Cause = 'manual' | 'online' | 'foreground' | 'timer' | 'submit' | 'worker';

export class SyncLoop {
  private running: Promise<void> | null = null;
  private again = false;
  private failures = 0;
  private triedMonoMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly context: Context,
    private readonly status: StatusBoard,
    private readonly tabs: TabChannel,
    private readonly life: Life,
    /** After a run that went through, before it is told. */
    private readonly through: () => Promise<void>,
  ) {}

  /** Looks by itself from now on. */
  async begin(): Promise<void> {
    const { device, store } = this.context;
    this.life.atEnd(
      device.onOnlineChange((online) => {
        this.status.tell({ online });
        if (online) this.life.quietly(this.sync('online'));
      }),
    );
    this.life.atEnd(device.onForeground(() => this.life.quietly(this.sync('foreground'))));
    const timer = setInterval(() => this.look(), LOOK_MS);
    this.life.atEnd(() => clearInterval(timer));
    // What waits goes soon after opening, once the first screen is drawn; a phone that was never prepared waits for its person.
    if ((await readMeta(store, 'readyOfflineMs')) === undefined) return;
    const first = setTimeout(() => this.life.quietly(this.sync('foreground')), FIRST_MS);
    this.life.atEnd(() => clearTimeout(first));
  }

  async sync(cause: Cause): Promise<SyncStatus> {
    const { status } = this;
    if (this.life.closed) return status.current;
    if (cause === 'manual' || cause === 'online' || cause === 'foreground') {
      this.failures = 0;
      await this.tryAtOnce();
    } else if (cause !== 'worker' && this.mustWait(cause)) return status.current;
    if (!this.context.device.online() && cause !== 'manual' && cause !== 'timer') {
      status.tell({ online: false });
      return status.current;
    }
    if (this.running !== null) {
      this.again = true;
      await this.running;
      return status.current;
    }
    status.busyHere = true;
    this.running = this.runUntilDone(cause === 'manual' ? WAIT_FOR_OTHERS_MS : 0).finally(() => {
      this.running = null;
      status.busyHere = false;
    });
    await this.running;
    return status.current;
  }

  /** Another tab wants what it has to go along, if this one is at it. */
  onceMore(): void {
    if (this.running !== null) this.again = true;
  }

  /** When nothing is under way any more. */
  async ended(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  /** The name of the lock that whoever syncs this account holds. */
  lock(): string {
    return `gridwarden-sync:${this.context.account.name}`;
  }

  private mustWait(cause: Cause): boolean {
    // What is new goes at once, unless the line is known to be down.
    if (cause === 'submit' && this.status.current.phase !== 'backoff') return false;
    return notYet(this.status.current.nextTryMs, this.context.device.wallMs());
  }

  private async runUntilDone(waitMs: number): Promise<void> {
    do {
      this.again = false;
      const done = await whenFree(this.lock(), waitMs, () => this.run());
      if (done === 'busy') {
        // Another tab or the worker is at it: it looks again when it is through.
        this.tabs.say({ type: 'please_sync' });
        return;
      }
      if (!done) return;
    } while (this.again && !this.life.closed);
  }

  /** True when everything went through. */
  private async run(): Promise<boolean> {
    const { status } = this;
    status.tell({ online: true });
    this.triedMonoMs = this.context.device.monoMs();
    try {
      await runOnce(this.context, (phase) => this.tellPhase(phase));
      this.failures = 0;
      await this.through();
      await status.recount();
      status.tell({ phase: 'idle', error: null, messageZh: null, nextTryMs: await this.nextLook(), full: false });
      this.tabs.say({ type: 'status', status: status.current, names: true });
      return true;
    } catch (error) {
      if (this.life.closed) return false;
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
    const { pendingOperations, pendingPhotos } = this.status.current;
    if (pendingOperations + pendingPhotos === 0) return null;
    const now = this.context.device.wallMs();
    const waiting = await rowsIn(this.context.store.operations, UNSETTLED);
    const first = waiting.length === 0 ? now + IDLE_MS : Math.min(...waiting.map((each) => each.nextTryMs));
    return Math.min(now + IDLE_MS, Math.max(now + SOON_MS, first));
  }

  private async stopped(reason: string, messageZh: string, phase: Phase, retryAfterMs: number | null): Promise<void> {
    this.failures += 1;
    await this.status.recount();
    const nextTryMs = phase === 'backoff' ? this.context.device.wallMs() + waitMs(this.failures, retryAfterMs) : null;
    const unreached = reason === 'OFFLINE' || reason === 'TIMEOUT' || reason === 'ANSWER_UNREADABLE';
    this.status.tell({
      phase,
      error: reason,
      messageZh,
      nextTryMs,
      ...(unreached ? { online: false } : {}),
      ...(reason === 'STORAGE_FULL' ? { full: true } : {}),
    });
    this.tabs.say({ type: 'status', status: this.status.current, names: false });
    void registerBackgroundSync();
  }

  /** Somebody asks for it now: what waits for its time does not wait. */
  private async tryAtOnce(): Promise<void> {
    const { store } = this.context;
    this.status.current = { ...this.status.current, nextTryMs: null };
    await store.transaction('rw', [store.operations, store.uploads], async () => {
      await store.operations.where('state').equals('waiting').modify({ nextTryMs: 0 });
      await store.uploads.filter((each) => each.nextTryMs > 0).modify({ nextTryMs: 0 });
    });
  }

  /** Every few seconds: is there something to send, or has nobody looked for long? */
  private look(): void {
    const { device } = this.context;
    const now = device.wallMs();
    const { nextTryMs, pendingOperations, pendingPhotos, lastSyncMs, phase } = this.status.current;
    if (phase === 'signed_out' || phase === 'locked' || phase === 'refused_device' || notYet(nextTryMs, now)) return;
    if (!device.online() && device.monoMs() - this.triedMonoMs < DOUBT_MS) return;
    const hidden = typeof document !== 'undefined' && document.visibilityState === 'hidden';
    const long = lastSyncMs === null || Math.abs(now - lastSyncMs) > IDLE_MS;
    if (phase === 'backoff' || pendingOperations + pendingPhotos > 0 || (long && !hidden)) this.life.quietly(this.sync('timer'));
  }

  private tellPhase(phase: Phase): void {
    this.status.tell({ phase });
    this.tabs.say({ type: 'status', status: this.status.current, names: false });
  }
}

/** Where the browser can wake the service worker once there is a network; nothing rests on it. */
export async function registerBackgroundSync(): Promise<void> {
  try {
    const registration = await (globalThis.navigator as Navigator | undefined)?.serviceWorker?.getRegistration();
    await (registration as { sync?: { register(tag: string): Promise<void> } } | undefined)?.sync?.register('gridwarden-sync');
  } catch {
    // Not granted, or not there.
  }
}
