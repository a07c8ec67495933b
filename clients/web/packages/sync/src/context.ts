// What the parts of the engine share: the account's store, its session, the phone, and who is told when something changed.
import type { DeviceAdapter } from '@gridwarden/device';
import type { AccountInfo, Post } from './contract';
import type { Viewer } from './record';
import type { Session } from './session';
import { readMeta, writeMeta, type Store } from './store';

export interface Context {
  readonly account: AccountInfo;
  readonly device: DeviceAdapter;
  readonly store: Store;
  readonly session: Session;
  readonly appBuild: string;
  /** How many records this phone holds at most. */
  readonly recordsMax: number;
  /** Called after counts or phase may have changed. */
  changed(): void;
}

export async function viewerOf(context: Context): Promise<Viewer> {
  return { account: context.account, posts: (await readMeta(context.store, 'posts')) ?? ([] as Post[]) };
}

/** Keeps what an answer says of the time: its token for the next operations, and how far the phone's clock is off. */
export async function keepTime(context: Context, sentWallMs: number, answer: { serverTime?: string; timeToken?: string }): Promise<void> {
  const { device, store } = context;
  const wallMs = device.wallMs();
  if (answer.timeToken) {
    await writeMeta(store, 'token', { token: answer.timeToken, wallMs, monoMs: device.monoMs(), bootId: device.bootId() });
  }
  const serverMs = Date.parse(answer.serverTime ?? '');
  if (!Number.isNaN(serverMs)) await writeMeta(store, 'skewMs', Math.round(serverMs - (sentWallMs + wallMs) / 2));
}

/** What the server's clock says now, as far as the phone knows: what is kept for days is counted by it, not by a clock that people turn. */
export async function serverNowMs(context: Context): Promise<number> {
  return context.device.wallMs() + ((await readMeta(context.store, 'skewMs')) ?? 0);
}

export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
