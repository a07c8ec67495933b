// Photos on their way up, by tus 1.0 as the gateway serves it under /files. Asks how far it came before it goes on, sends pieces whose
// size follows the line, never sends a piece twice that was taken, and calls a photo verified only when the server's own digest of the
// whole matched (Upload-Complete: ?1).
import { errorFromAnswer, offlineError, RpcError, timeLimit } from '@gridwarden/proto';
import { notYet, waitMs } from './backoff';
import { base64, sha256, sha256Hex, utf8 } from './bytes';
import { serverNowMs, type Context } from './context';
import type { PhotoRow } from './contract';
import { newUpload, PIECE_BYTES_FIRST } from './photos';
import { keyOf } from './record';
import { rowsIn, settled, UNDERWAY, writeMeta, type UploadRow } from './store';

const PIECE_BYTES_MAX = 1024 * 1024;
const PIECE_TIMEOUT_MS = 60_000;
const MISMATCHES_MAX = 3;
/** Above this a photo waits for Wi-Fi, when its person wants that. */
export const LARGE_BYTES = 500 * 1024;

/** Sends what is due, the small ones first. Fails with RpcError when the line is down; one photo's trouble does not stop the others. */
export async function uploadPhotos(context: Context, wifiOnly: boolean): Promise<void> {
  let trouble: RpcError | null = null;
  for (const photo of await due(context, wifiOnly)) {
    try {
      await uploadPhoto(context, photo);
    } catch (error) {
      if (isUnreadable(error)) {
        await quarantine(context, photo, 'BYTES_LOST');
        continue;
      }
      if (!(error instanceof RpcError)) throw error;
      if (NEVER_TAKEN.has(error.reason)) {
        await quarantine(context, photo, error.reason);
      } else {
        await later(context, photo, error);
        if (concernsAll(error)) throw error;
        trouble ??= error;
      }
    }
    context.changed();
  }
  if (trouble !== null) throw trouble;
}

const NEVER_TAKEN = new Set(['MEDIA_TYPE_REFUSED', 'MEDIA_TOO_LARGE']);

/** The browser has the row and lost the file with the bytes. */
function isUnreadable(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotReadableError' || error.name === 'NotFoundError');
}

/** The line, the sign-in or the whole server: the next photo would fare no better. */
function concernsAll(error: RpcError): boolean {
  if (error.code === 'unauthenticated' || error.code === 'resource_exhausted') return true;
  return (
    (error.code === 'unavailable' || error.code === 'deadline_exceeded') &&
    error.reason !== 'NOT_VERIFIED_YET' &&
    error.reason !== 'UPLOAD_STUCK'
  );
}

/** Photos that an operation the server has taken rests on, or that the server asked for. */
async function due(context: Context, wifiOnly: boolean): Promise<PhotoRow[]> {
  const { store, device } = context;
  const now = device.wallMs();
  const open = await rowsIn(store.photos, UNDERWAY);
  const found: PhotoRow[] = [];
  for (const photo of open) {
    const upload = await store.uploads.get(photo.sha256);
    if (upload !== undefined && notYet(upload.nextTryMs, now)) continue;
    if (wifiOnly && photo.size > LARGE_BYTES && device.onWifi() === false) continue;
    const operations = await store.operations.bulkGet(photo.opIds);
    if (upload?.asked === true || operations.some((each) => each !== undefined && settled(each) && each.state !== 'refused'))
      found.push(photo);
  }
  return found.sort((a, b) => a.size - b.size || a.takenAtMs - b.takenAtMs);
}

async function uploadPhoto(context: Context, photo: PhotoRow): Promise<void> {
  const { store } = context;
  const held = await store.bytes.get(photo.sha256);
  if (held === undefined) return quarantine(context, photo, 'BYTES_LOST');
  let upload: UploadRow = (await store.uploads.get(photo.sha256)) ?? newUpload(photo.sha256);
  for (let anew = 0; anew <= MISMATCHES_MAX;) {
    const standing = upload.url === null ? await create(context, photo) : await look(context, upload.url);
    if (standing === 'gone') {
      upload = { ...upload, url: null, offset: 0 };
      anew++;
      continue;
    }
    upload = { ...upload, url: standing.url, offset: standing.offset };
    await keepProgress(context, photo, upload, standing.complete);
    if (standing.complete) return;
    if (standing.offset >= photo.size) {
      // All is there and the server has not verified it: only it can say when.
      throw new RpcError('unavailable', 'NOT_VERIFIED_YET', '照片已传完，等待服务器核对', 'All bytes are there, not verified yet');
    }
    const end = await sendPieces(context, photo, held.blob, upload);
    upload = end.upload;
    if (end.outcome === 'complete') return;
    if (end.outcome === 'mismatch' && upload.mismatches >= MISMATCHES_MAX) return quarantine(context, photo, 'MEDIA_DIGEST_MISMATCH');
    if (end.outcome === 'mismatch' && (await sha256Hex(await held.blob.arrayBuffer())) !== photo.sha256) {
      return quarantine(context, photo, 'BYTES_CHANGED');
    }
    if (end.outcome === 'refused') return quarantine(context, photo, 'MEDIA_TYPE_REFUSED');
    anew++;
  }
  throw new RpcError('unavailable', 'UPLOAD_STUCK', '照片暂时传不上去，稍后再试', 'The upload does not get on');
}

interface Standing {
  url: string;
  offset: number;
  complete: boolean;
}

async function create(context: Context, photo: PhotoRow): Promise<Standing> {
  const about = await aboutOf(context, photo);
  try {
    return await createWith(context, photo, about);
  } catch (error) {
    // What it shows lies on other ground, or is not known there (yet): the photo still belongs to its sender.
    const elsewhere =
      error instanceof RpcError && (error.code === 'permission_denied' || error.code === 'not_found' || error.code === 'invalid_argument');
    if (!elsewhere || Object.keys(about).length === 0) throw error;
    return createWith(context, photo, {});
  }
}

async function createWith(context: Context, photo: PhotoRow, about: Record<string, string>): Promise<Standing> {
  const metadata = Object.entries({ sha256: photo.sha256, type: photo.contentType, ...about })
    .map(([key, value]) => `${key} ${base64(utf8(value))}`)
    .join(',');
  const answer = await tus(context, 'POST', '/files', { 'Upload-Length': String(photo.size), 'Upload-Metadata': metadata });
  if (answer.status !== 201 && answer.status !== 200) throw answer.error();
  const url = answer.header('Location');
  if (url === null) throw new RpcError('internal', 'ANSWER_UNREADABLE', '服务器应答有误，稍后再试', 'No Location in the answer');
  return { url: pathOf(url), offset: answer.offset() ?? 0, complete: answer.complete() };
}

/** What the photo is for: who stands on that ground may see it. */
async function aboutOf(context: Context, photo: PhotoRow): Promise<Record<string, string>> {
  const { store } = context;
  for (const operation of await store.operations.bulkGet(photo.opIds)) {
    if (operation === undefined || operation.state === 'refused') continue;
    const record = await store.records.get(keyOf(operation.subjectKind, operation.subject));
    return { subject: operation.subject, ...(record?.division ? { division: record.division } : {}) };
  }
  return {};
}

async function look(context: Context, url: string): Promise<Standing | 'gone'> {
  const answer = await tus(context, 'HEAD', url, {});
  if (answer.status === 404 || answer.status === 410) return 'gone';
  const offset = answer.offset();
  if (answer.status >= 300 || offset === null) throw answer.error();
  return { url, offset, complete: answer.complete() };
}

type PiecesEnd = { outcome: 'complete' | 'moved' | 'mismatch' | 'refused'; upload: UploadRow };

/** Sends piece after piece from where the upload stands. 'moved': where it stands has to be asked again. */
async function sendPieces(context: Context, photo: PhotoRow, blob: Blob, begun: UploadRow): Promise<PiecesEnd> {
  let upload = begun;
  while (upload.offset < photo.size) {
    const piece = new Uint8Array(await blob.slice(upload.offset, Math.min(photo.size, upload.offset + upload.pieceBytes)).arrayBuffer());
    const beganMs = context.device.monoMs();
    const answer = await tus(
      context,
      'PATCH',
      upload.url!,
      {
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(upload.offset),
        'Upload-Checksum': `sha256 ${base64(await sha256(piece))}`,
      },
      piece,
    ).catch(async (error: unknown) => {
      // A line that drops pieces gets small ones.
      await keepProgress(context, photo, { ...upload, pieceBytes: PIECE_BYTES_FIRST }, false);
      throw error;
    });
    const offset = answer.offset();
    switch (answer.status) {
      case 200:
      case 204:
        upload = {
          ...upload,
          offset: offset ?? upload.offset + piece.length,
          pieceBytes: nextSize(upload.pieceBytes, context.device.monoMs() - beganMs),
        };
        await keepProgress(context, photo, upload, answer.complete());
        if (answer.complete()) return { outcome: 'complete', upload };
        break;
      case 404:
      case 410:
        return { outcome: 'moved', upload: { ...upload, url: null, offset: 0 } };
      case 409:
        return { outcome: 'moved', upload };
      case 415:
        if (answer.error().reason !== 'MEDIA_TYPE_REFUSED') throw answer.error();
        return { outcome: 'refused', upload };
      case 460:
        upload = { ...upload, offset: offset ?? 0, mismatches: upload.mismatches + 1 };
        await keepProgress(context, photo, upload, false);
        return { outcome: 'mismatch', upload };
      default:
        throw answer.error();
    }
  }
  return { outcome: 'moved', upload };
}

/** Pieces of one to four seconds: large ones on a good line, small ones where every cut costs. */
function nextSize(bytes: number, tookMs: number): number {
  if (tookMs < 1_500) return Math.min(PIECE_BYTES_MAX, bytes * 2);
  if (tookMs > 6_000) return Math.max(PIECE_BYTES_FIRST, bytes >> 1);
  return bytes;
}

async function keepProgress(context: Context, photo: PhotoRow, upload: UploadRow, complete: boolean): Promise<void> {
  const { store } = context;
  const nowMs = await serverNowMs(context);
  await store.transaction('rw', [store.uploads, store.photos, store.meta], async () => {
    const now = await store.photos.get(photo.sha256);
    // Another tab may have brought it through meanwhile.
    if (now === undefined || now.state === 'verified') return;
    if (complete) {
      await writeMeta(store, 'receiptsDue', true);
      await store.photos.put({ ...now, state: 'verified', offset: photo.size, verifiedMs: nowMs, error: null });
      await store.uploads.delete(photo.sha256);
    } else {
      await store.photos.put({ ...now, state: 'uploading', offset: upload.offset, error: null });
      await store.uploads.put({ ...upload, attempts: 0, nextTryMs: 0 });
    }
  });
  context.changed();
}

/** Not now: the photo waits, the others go on. */
async function later(context: Context, photo: PhotoRow, error: RpcError): Promise<void> {
  const { store, device } = context;
  await store.transaction('rw', [store.uploads, store.photos], async () => {
    if ((await store.photos.get(photo.sha256))?.state === 'verified') return;
    const upload = (await store.uploads.get(photo.sha256)) ?? newUpload(photo.sha256);
    const attempts = upload.attempts + 1;
    // A line that is down is the engine's to wait for; only what the server says of this photo holds this photo.
    const lineDown = error.reason === 'OFFLINE' || error.reason === 'TIMEOUT';
    await store.uploads.put({ ...upload, attempts, nextTryMs: lineDown ? 0 : device.wallMs() + waitMs(attempts, error.retryAfterMs) });
    await store.photos.update(photo.sha256, { error: error.reason });
  });
}

async function quarantine(context: Context, photo: PhotoRow, reason: string): Promise<void> {
  const { store } = context;
  await store.transaction('rw', [store.uploads, store.photos], async () => {
    if ((await store.photos.get(photo.sha256))?.state === 'verified') return;
    await store.uploads.delete(photo.sha256);
    await store.photos.update(photo.sha256, { state: 'quarantined', error: reason });
  });
}

interface TusAnswer {
  status: number;
  header(name: string): string | null;
  offset(): number | null;
  complete(): boolean;
  error(): RpcError;
}

async function tus(
  context: Context,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Uint8Array<ArrayBuffer>,
): Promise<TusAnswer> {
  const { server } = context.session;
  return context.session.asMe(async (token) => {
    let response: Response;
    let text = '';
    try {
      response = await server.fetch(`${server.origin}${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Tus-Resumable': '1.0.0', ...headers },
        body: body ?? null,
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        signal: timeLimit(PIECE_TIMEOUT_MS),
      });
      text = await response.text();
    } catch {
      throw offlineError();
    }
    const header = (name: string): string | null => response.headers.get(name);
    const error = (): RpcError => errorFromAnswer(response.status, text, header('Retry-After'));
    if (response.status === 401) throw error();
    const offset = header('Upload-Offset');
    return {
      status: response.status,
      header,
      offset: () => (offset !== null && /^\d+$/.test(offset) ? Number(offset) : null),
      complete: () => header('Upload-Complete') === '?1',
      error,
    };
  });
}

/** "/files/<uuid>", whether the server names the host or not. */
function pathOf(location: string): string {
  const at = location.indexOf('/files/');
  return at < 0 ? location : location.slice(at);
}
