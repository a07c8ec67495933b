// Brings operations to the server. One bad operation never blocks another but those that name it in `after`; what did not go through
// stays as it is and goes again.
import { RpcError, type PushResponseJson, type PushResultJson } from '@gridwarden/proto';
import { utf8 } from './bytes';
import { keepTime, timestamp, viewerOf, type Context } from './context';
import { deviceNameOf, registerDevice } from './device_key';
import { settleRecord } from './local_change';
import { countIn, readMeta, rowsIn, settled, UNDERWAY, UNSETTLED, writeMeta, type DeviceRow, type StoredOperation } from './store';
import { photosMissing, photosVerified } from './photos';
import { notYet, waitMs } from './backoff';

const OPERATIONS_MAX = 50;
const BATCH_BYTES_MAX = 256 * 1024;
const PUSH_TIMEOUT_MS = 60_000;
/** How often an empty push asks which photos the server is missing. */
const RECONCILE_MS = 6 * 3600_000;

/** Sends what is ready, batch by batch. Fails with RpcError when the server cannot be reached or does not want this phone. */
export async function push(context: Context): Promise<void> {
  const { store } = context;
  let device = await registerDevice(context);
  let most = OPERATIONS_MAX;
  let reconcile = await reconcileDue(context);
  // Each operation goes once in a run, whatever the server answers or forgets to answer.
  const answered = new Set<string>();
  for (let again = 0; ;) {
    const batch = await nextBatch(context, device, most, answered);
    if (batch.length === 0 && !reconcile) return;
    await markSent(context, batch);
    let answer: PushResponseJson;
    const sentWallMs = context.device.wallMs();
    try {
      answer = await context.session.call('gridwarden.sync.v1.SyncService/Push', await request(context, device, batch), {
        timeoutMs: PUSH_TIMEOUT_MS,
      });
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.reason === 'DEVICE_UNKNOWN' && again++ === 0) {
        device = await registerDevice(context, true);
        continue;
      }
      if (error.reason === 'DEVICE_REVOKED') await store.keys.update('device', { revoked: true });
      if (!neverTaken(error) || batch.length === 0) throw error;
      // Something in the batch spoils it for all: smaller ones find it, and it alone is set aside.
      if (batch.length > 1) most = Math.max(1, batch.length >> 1);
      else await quarantine(context, batch[0]!, error);
      continue;
    }
    for (const each of batch) answered.add(each.opId);
    await applyAnswer(context, device, batch, answer, sentWallMs);
    reconcile = false;
    most = OPERATIONS_MAX;
    context.changed();
  }
}

/** The same request will be refused again, whatever the network does. */
function neverTaken(error: RpcError): boolean {
  return error.code === 'invalid_argument' || error.code === 'out_of_range' || error.reason === 'MESSAGE_TOO_LARGE';
}

async function request(context: Context, device: DeviceRow, batch: StoredOperation[]) {
  const { store } = context;
  const unsettled = await countIn(store.operations, UNSETTLED);
  const photos = await countIn(store.photos, UNDERWAY);
  return {
    device: deviceNameOf(device),
    operations: batch.map((each) => ({ body: each.body, signature: each.signature })),
    deviceTime: timestamp(context.device.wallMs()),
    monoMs: String(context.device.monoMs()),
    bootId: context.device.bootId(),
    timeToken: (await readMeta(store, 'pushToken')) ?? '',
    pendingOperations: Math.max(0, unsettled - batch.length),
    pendingPhotos: photos,
    checkpointSize: (await readMeta(store, 'checkpointSize')) ?? '0',
  };
}

/** The operations to be sent now, in their order: due, of this device, and with every predecessor settled or before them here. */
async function nextBatch(context: Context, device: DeviceRow, most: number, answered: Set<string>): Promise<StoredOperation[]> {
  const { store } = context;
  const now = context.device.wallMs();
  const open = (await rowsIn(store.operations, UNSETTLED)).sort((a, b) => a.seq - b.seq);
  const unsettled = new Set(open.map((each) => each.opId));
  const name = deviceNameOf(device);
  const batch: StoredOperation[] = [];
  let bytes = 0;
  for (const each of open) {
    if (batch.length >= most) break;
    if (each.device !== name || answered.has(each.opId) || notYet(each.nextTryMs, now)) continue;
    if (each.after.some((id) => unsettled.has(id) && !batch.some((before) => before.opId === id))) continue;
    const size = utf8(JSON.stringify(each.body)).length + each.signature.length + 64;
    if (batch.length > 0 && bytes + size > BATCH_BYTES_MAX) break;
    bytes += size;
    batch.push(each);
  }
  return batch;
}

async function markSent(context: Context, batch: StoredOperation[]): Promise<void> {
  const { store } = context;
  if (batch.length === 0) return;
  await store.transaction('rw', store.operations, async () => {
    for (const { opId } of batch) {
      const now = await store.operations.get(opId);
      if (now === undefined || settled(now)) continue;
      await store.operations.put({ ...now, attempts: now.attempts + 1, state: now.state === 'queued' ? 'sent' : now.state });
    }
  });
}

async function applyAnswer(
  context: Context,
  device: DeviceRow,
  batch: StoredOperation[],
  answer: PushResponseJson,
  sentWallMs: number,
): Promise<void> {
  const { store } = context;
  const viewer = await viewerOf(context);
  const results = new Map((answer.results ?? []).map((each) => [each.opId ?? '', each]));
  await store.transaction('rw', [store.operations, store.records, store.bases], async () => {
    for (const { opId } of batch) {
      const operation = await store.operations.get(opId);
      const result = results.get(opId);
      // Two tabs without locks may have sent it both: the first verdict stands.
      if (operation === undefined || result === undefined || settled(operation)) continue;
      const now = judged(operation, result, context.device.wallMs());
      await store.operations.put(now);
      if (settled(now)) await settleRecord(store, now, viewer);
    }
  });
  await keepTime(context, sentWallMs, answer);
  await photosVerified(context, answer.photoReceipts ?? []);
  await photosMissing(context, answer.missingPhotos ?? []);
  await sendAgain(context, device, (answer.missingSeqs ?? []).map(Number));
  // Shown with the next push: receipts that came by then need not come again. Only now, as they are kept.
  if (answer.timeToken) await writeMeta(store, 'pushToken', answer.timeToken);
  await store.meta.delete('receiptsDue');
  await writeMeta(store, 'reconciledMs', context.device.wallMs());
}

function judged(operation: StoredOperation, result: PushResultJson, nowMs: number): StoredOperation {
  const grade = result.time?.grade;
  const now: StoredOperation = {
    ...operation,
    grade: grade === 'A' || grade === 'B' || grade === 'C' || grade === 'D' ? grade : operation.grade,
    flags: result.flags ?? [],
    reason: result.reason || null,
    messageZh: result.messageZh || null,
    messageEn: result.messageEn || null,
    receipt: result.receipt || operation.receipt,
    answer: answerOf(result.answer),
  };
  switch (result.verdict) {
    case 'ACCEPTED':
    case 'DUPLICATE':
      return { ...now, state: 'accepted', settledMs: nowMs };
    case 'ASSERTED':
      return { ...now, state: 'asserted', settledMs: nowMs };
    case 'REFUSED':
      return { ...now, state: 'refused', settledMs: nowMs };
    default:
      // WAITING, or a word of a newer server: sent again.
      return {
        ...operation,
        state: 'waiting',
        reason: now.reason,
        messageZh: now.messageZh,
        messageEn: now.messageEn,
        nextTryMs: nowMs + waitMs(operation.attempts, result.retryAfterMs),
      };
  }
}

function answerOf(json: string | undefined): unknown {
  if (!json) return null;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return null;
  }
}

async function quarantine(context: Context, operation: StoredOperation, error: RpcError): Promise<void> {
  const { store } = context;
  const viewer = await viewerOf(context);
  await store.transaction('rw', [store.operations, store.records, store.bases], async () => {
    const now = await store.operations.get(operation.opId);
    if (now === undefined || settled(now)) return;
    const refused: StoredOperation = {
      ...now,
      state: 'refused',
      reason: error.reason,
      messageZh: error.messageZh,
      messageEn: error.messageEn,
      settledMs: context.device.wallMs(),
    };
    await store.operations.put(refused);
    await settleRecord(store, refused, viewer);
  });
}

/** Numbers the server never got although it answered for later ones: a server restored from a backup. The phone still has them. */
async function sendAgain(context: Context, device: DeviceRow, seqs: number[]): Promise<void> {
  if (seqs.length === 0) return;
  const { store } = context;
  const name = deviceNameOf(device);
  await store.transaction('rw', store.operations, async () => {
    for (const seq of seqs) {
      const operation = await store.operations.where('[device+seq]').equals([name, seq]).first();
      if (operation === undefined || operation.body === '' || !settled(operation) || operation.state === 'refused') continue;
      await store.operations.update(operation.opId, { state: 'queued', nextTryMs: 0, sealedMs: null });
    }
  });
}

async function reconcileDue(context: Context): Promise<boolean> {
  const { store } = context;
  if ((await readMeta(store, 'receiptsDue')) === true) return true;
  const last = await readMeta(store, 'reconciledMs');
  const now = context.device.wallMs();
  if (last === undefined || now - last > RECONCILE_MS || last - now > RECONCILE_MS) return true;
  const photos = await countIn(store.photos, UNDERWAY);
  return photos > 0;
}
