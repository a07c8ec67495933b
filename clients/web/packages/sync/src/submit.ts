// Queues an operation. Number, predecessor, body, signature, the end of its draft and what lists show of it are one transaction: either
// all of it is on disk or nothing. Signing happens before (WebCrypto inside a transaction of IndexedDB would end it), so the
// transaction looks whether the number is still the next one.
import { RpcError, type ClaimedTimeJson, type OperationBodyJson, type PhotoClaimJson } from '@gridwarden/proto';
import { base64, sha256Hex, utf8, uuidV7 } from './bytes';
import { timestamp, viewerOf, type Context } from './context';
import type { NewOperation, PhotoRow } from './contract';
import { deviceKey, deviceNameOf, signText } from './device_key';
import { showOperation } from './local_change';
import { withLock } from './locks';
import { withRoom } from './room';
import { readMeta, UNSETTLED, type Store, type StoredOperation } from './store';

const AFTER_MAX = 20;
/** What the server takes of one operation. Better refused here than after it was frozen. */
export const BODY_BYTES_MAX = 60 * 1024;

export interface Queued {
  row: StoredOperation;
  /** How many photos began to wait with it. */
  photos: number;
}

export async function submit(context: Context, wanted: NewOperation): Promise<Queued> {
  return withLock(`gridwarden-submit:${context.account.name}`, async () => {
    const { store, device } = context;
    const photos = await photosOf(store, wanted.photos);
    const viewer = await viewerOf(context);
    const key = await deviceKey(store, device.wallMs(), '');
    const opId = uuidV7(device.wallMs());
    const createdMs = device.wallMs();
    const time = await claimedTime(context, wanted.fix ?? null);
    for (;;) {
      const name = deviceNameOf(key);
      const head = await chainHead(store, name);
      const after = await unsettledBefore(store, wanted.subject);
      const body: OperationBodyJson = {
        opId,
        device: name,
        seq: String(head.seq + 1),
        prevHash: head.hash,
        rpc: wanted.rpc,
        request: JSON.stringify(wanted.request),
        subject: wanted.subject,
        baseEtag: wanted.baseEtag,
        after,
        time,
        photos: photos.map((each): PhotoClaimJson => ({ sha256: each.sha256, size: String(each.size), contentType: each.contentType })),
        appBuild: context.appBuild,
        ...(wanted.corrects === undefined ? {} : { corrects: wanted.corrects }),
      };
      const text = JSON.stringify(body);
      const bytes = utf8(text);
      if (bytes.length > BODY_BYTES_MAX) throw tooLarge();
      const row: StoredOperation = {
        opId,
        seq: head.seq + 1,
        body: text,
        hash: await sha256Hex(bytes),
        signature: base64(await signText(key.privateKey, `gridwarden/op/v1\n${text}`)),
        rpc: wanted.rpc,
        subject: wanted.subject,
        subjectKind: wanted.subjectKind,
        summary: wanted.summary,
        photos: wanted.photos,
        state: 'queued',
        createdMs,
        attempts: 0,
        nextTryMs: 0,
        grade: null,
        flags: [],
        reason: null,
        messageZh: null,
        messageEn: null,
        receipt: null,
        answer: null,
        settledMs: null,
        device: name,
        after,
        localChange: wanted.localChange ?? null,
        draftId: wanted.draftId ?? null,
        sealedMs: null,
      };
      const begunPhotos = await withRoom(store, () =>
        store.transaction('rw', [store.operations, store.meta, store.photos, store.drafts, store.records, store.bases], async () => {
          const now = await chainHead(store, name);
          if (now.seq !== head.seq || now.hash !== head.hash) return null;
          await store.operations.add(row);
          await store.meta.put({ key: `chain:${name}`, value: { seq: row.seq, hash: row.hash } });
          let begun = 0;
          for (const photo of await store.photos.bulkGet(wanted.photos)) {
            if (photo === undefined) throw photoUnknown();
            if (photo.state === 'draft') begun += 1;
            const opIds = [...photo.opIds, opId];
            await store.photos.put({ ...photo, opIds, state: photo.state === 'draft' ? 'queued' : photo.state });
          }
          if (wanted.draftId !== undefined) await store.drafts.delete(wanted.draftId);
          await showOperation(store, row, viewer);
          return begun;
        }),
      );
      if (begunPhotos !== null) return { row, photos: begunPhotos };
    }
  });
}

export async function chainHead(store: Store, device: string): Promise<{ seq: number; hash: string }> {
  return (await readMeta(store, `chain:${device}`)) ?? { seq: 0, hash: '' };
}

/** Earlier operations about the same subject that the server has not answered: they must come first. The newest twenty. */
async function unsettledBefore(store: Store, subject: string): Promise<string[]> {
  const earlier = await store.operations.where('subject').equals(subject).toArray();
  return earlier
    .filter((each) => (UNSETTLED as readonly string[]).includes(each.state))
    .sort((a, b) => a.seq - b.seq)
    .slice(-AFTER_MAX)
    .map((each) => each.opId);
}

async function photosOf(store: Store, digests: string[]): Promise<PhotoRow[]> {
  const photos = await store.photos.bulkGet(digests);
  return photos.map((each) => {
    if (each === undefined) throw photoUnknown();
    return each;
  });
}

/** What the phone knows of the time; the server judges it. */
async function claimedTime(context: Context, fix: NewOperation['fix'] | null): Promise<ClaimedTimeJson> {
  const { device, store } = context;
  const token = await readMeta(store, 'token');
  const wallMs = device.wallMs();
  return {
    wallTime: timestamp(wallMs),
    monoMs: String(device.monoMs()),
    bootId: device.bootId(),
    utcOffsetMinutes: -new Date(wallMs).getTimezoneOffset(),
    ...(token === undefined
      ? {}
      : {
          timeToken: token.token,
          tokenMonoMs: String(token.monoMs),
          tokenBootId: token.bootId,
          tokenWallTime: timestamp(token.wallMs),
        }),
    ...(fix == null
      ? {}
      : {
          fixTime: timestamp(fix.timeMs),
          fix: { longitude: fix.longitude, latitude: fix.latitude, datum: 'WGS84' as const, accuracyM: fix.accuracyM },
        }),
  };
}

function photoUnknown(): RpcError {
  return new RpcError('not_found', 'PHOTO_NOT_HERE', '照片不在本机，请重新拍摄', 'A photo of this is not on this phone');
}

function tooLarge(): RpcError {
  return new RpcError('invalid_argument', 'MESSAGE_TOO_LARGE', '内容过大，请缩短文字', 'Too much text for one record');
}
