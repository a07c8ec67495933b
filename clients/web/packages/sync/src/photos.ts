// Photos of this phone: stored before anything else is done with them, hashed as they are, never changed.
import type { TakenPhoto } from '@gridwarden/device';
import { sha256Hex } from './bytes';
import { serverNowMs, type Context } from './context';
import type { PhotoRow } from './contract';
import { isFull, withRoom } from './room';
import type { Store } from './store';
import { errorFromAnswer, offlineError, RpcError, timeLimit, type PhotoReceiptJson } from '@gridwarden/proto';

/** clients.md 5.5: long side 1600 pixels give 250 to 400 KB; beyond this something is wrong. */
export const PHOTO_BYTES_MAX = 2 * 1024 * 1024;
const KEEP_VERIFIED_MS = 7 * 24 * 3600_000;
const THUMBNAILS_MAX = 500;
const PHOTO_TIMEOUT_MS = 30_000;

export async function addPhoto(
  context: Context,
  taken: TakenPhoto,
): Promise<{ ok: true; photo: PhotoRow } | { ok: false; reason: 'full' | 'too_large' }> {
  if (taken.blob.size > PHOTO_BYTES_MAX) return { ok: false, reason: 'too_large' };
  const { store } = context;
  const sha256 = await sha256Hex(await taken.blob.arrayBuffer());
  const photo: PhotoRow = {
    sha256,
    size: taken.blob.size,
    contentType: taken.contentType,
    origin: taken.origin,
    takenAtMs: taken.takenAtMs,
    state: 'draft',
    opIds: [],
    offset: 0,
    receipt: null,
    verifiedMs: null,
    error: null,
  };
  try {
    return await withRoom(store, () =>
      store.transaction('rw', [store.photos, store.bytes], async () => {
        const held = await store.photos.get(sha256);
        // The same picture once more (a file chosen twice) is the same photo.
        if (held === undefined) await store.photos.add(photo);
        await store.bytes.put({ sha256, blob: taken.blob });
        return { ok: true as const, photo: held ?? photo };
      }),
    );
  } catch (error) {
    if (isFull(error) || (error instanceof RpcError && error.reason === 'STORAGE_FULL')) return { ok: false, reason: 'full' };
    throw error;
  }
}

/** What the phone holds; else what the server has of it, when it can be reached; else null. */
export async function photoBlob(context: Context, sha256: string, size: 'thumbnail' | 'whole'): Promise<Blob | null> {
  const { store } = context;
  const own = await store.bytes.get(sha256);
  if (own !== undefined) return own.blob;
  const kept = size === 'thumbnail' ? await store.thumbnails.get(sha256) : undefined;
  if (kept !== undefined) return kept.blob;
  if (!context.device.online() || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  try {
    const blob = await fetched(context, size === 'thumbnail' ? `/photos/${sha256}/thumbnail` : `/photos/${sha256}`);
    if (size === 'thumbnail') await keepThumbnail(store, sha256, blob, context.device.wallMs());
    return blob;
  } catch (error) {
    if (error instanceof RpcError) return null;
    throw error;
  }
}

async function fetched(context: Context, path: string): Promise<Blob> {
  const { server } = context.session;
  return context.session.asMe(async (token) => {
    let response: Response;
    try {
      response = await server.fetch(`${server.origin}${path}`, {
        headers: { Authorization: `Bearer ${token}` },
        credentials: 'omit',
        signal: timeLimit(PHOTO_TIMEOUT_MS),
      });
      if (response.ok) return await response.blob();
    } catch {
      throw offlineError();
    }
    throw errorFromAnswer(response.status, await response.text(), response.headers.get('Retry-After'));
  });
}

/** A cache and no more: the oldest go, and no room for it is no error. */
async function keepThumbnail(store: Store, sha256: string, blob: Blob, nowMs: number): Promise<void> {
  try {
    await store.thumbnails.put({ sha256, blob, usedMs: nowMs });
    const over = (await store.thumbnails.count()) - THUMBNAILS_MAX;
    if (over > 0) await store.thumbnails.bulkDelete(await store.thumbnails.orderBy('usedMs').limit(over).primaryKeys());
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}

/** The server computed the same digest: green, with its receipt. */
export async function photosVerified(context: Context, receipts: PhotoReceiptJson[]): Promise<void> {
  if (receipts.length === 0) return;
  const { store } = context;
  const now = await serverNowMs(context);
  await store.transaction('rw', [store.photos, store.uploads], async () => {
    for (const { sha256, receipt } of receipts) {
      const photo = await store.photos.get(sha256 ?? '');
      if (photo === undefined) continue;
      const verifiedMs = photo.verifiedMs ?? now;
      await store.photos.put({
        ...photo,
        state: 'verified',
        offset: photo.size,
        receipt: receipt || photo.receipt,
        verifiedMs,
        error: null,
      });
      await store.uploads.delete(photo.sha256);
    }
  });
}

/** The server does not hold these whole: they go (again), whatever was thought of them here. */
export async function photosMissing(context: Context, digests: string[]): Promise<void> {
  if (digests.length === 0) return;
  const { store } = context;
  await store.transaction('rw', [store.photos, store.uploads, store.bytes], async () => {
    for (const sha256 of digests) {
      const photo = await store.photos.get(sha256);
      if (photo === undefined) continue;
      if ((await store.bytes.where('sha256').equals(sha256).count()) === 0) {
        await store.photos.put({ ...photo, state: 'quarantined', error: 'BYTES_LOST' });
        continue;
      }
      const upload = await store.uploads.get(sha256);
      if (photo.state === 'verified' || photo.state === 'draft') {
        await store.photos.put({ ...photo, state: 'queued', offset: 0, verifiedMs: null });
        await store.uploads.put({ ...newUpload(sha256), asked: true });
      } else if (photo.state !== 'quarantined') {
        await store.uploads.put({ ...(upload ?? newUpload(sha256)), asked: true });
      }
    }
  });
}

export const PIECE_BYTES_FIRST = 64 * 1024;

export function newUpload(sha256: string) {
  return { sha256, url: null, offset: 0, mismatches: 0, pieceBytes: PIECE_BYTES_FIRST, attempts: 0, nextTryMs: 0, asked: false };
}

/** Bytes of photos verified at least seven days ago give way; answers how many. */
export async function clearVerifiedPhotos(context: Context): Promise<number> {
  const { store } = context;
  const before = (await serverNowMs(context)) - KEEP_VERIFIED_MS;
  const old = await store.photos
    .where('state')
    .equals('verified')
    .filter((each) => each.verifiedMs !== null && each.verifiedMs <= before)
    .toArray();
  let bytes = 0;
  await store.transaction('rw', store.bytes, async () => {
    const held = await store.bytes
      .where('sha256')
      .anyOf(old.map((each) => each.sha256))
      .primaryKeys();
    const has = new Set(held);
    for (const each of old) if (has.has(each.sha256)) bytes += each.size;
    await store.bytes.bulkDelete(held);
  });
  return bytes;
}
