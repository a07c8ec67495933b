// When the phone is full. Text always finds room: first what can be fetched again goes, then the reserve.
import { RpcError } from '@gridwarden/proto';
import type { Store } from './store';

const RESERVE_BYTES = 1024 * 1024;

export function isFull(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = (each as { inner?: unknown }).inner ?? each.cause) {
    if (each.name === 'QuotaExceededError') return true;
    if (each.name === 'AbortError' && /quota/i.test(each.message)) return true;
  }
  return false;
}

export function fullError(): RpcError {
  return new RpcError(
    'resource_exhausted',
    'STORAGE_FULL',
    '手机存储空间已满，这条记录没有保存。请先清理手机空间，或在“我的”里清除已存证的照片，再试一次',
    'The phone has no room left: this was not saved',
  );
}

/** Does the write; when there is no room, gives up what can be spared, step by step, and tries again. Fails with STORAGE_FULL. */
export async function withRoom<T>(store: Store, write: () => Promise<T>): Promise<T> {
  const spare = [() => store.thumbnails.clear(), () => store.reserve.clear()];
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isFull(error)) throw error;
      const next = spare.shift();
      if (next === undefined) throw fullError();
      await next().catch(() => undefined);
    }
  }
}

/** Takes the reserve again once there is room for it. */
export async function keepReserve(store: Store): Promise<void> {
  try {
    if ((await store.reserve.count()) === 0) await store.reserve.put({ id: 1, bytes: new Uint8Array(RESERVE_BYTES) });
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}
