// What may be made smaller, and when: an operation whose entry stands in a signed checkpoint since seven days keeps its number, hash and
// receipt and loses its text. Nothing before that, and nothing of what was refused.
import { RpcError } from '@gridwarden/proto';
import { serverNowMs, type Context } from './context';
import { readMeta, writeMeta } from './store';

const EVERY_MS = 3600_000;
const ASK_MAX = 20;
/** The log is sealed within minutes; asking earlier is asking in vain. */
const ASK_AFTER_MS = 3600_000;
const KEEP_MS = 7 * 24 * 3600_000;
const RETAKEN_MS = 2 * 24 * 3600_000;
const OWN_REPORT_MS = 30 * 24 * 3600_000;

export async function retain(context: Context): Promise<void> {
  const { store } = context;
  const now = await serverNowMs(context);
  const last = await readMeta(store, 'retainedMs');
  if (last !== undefined && Math.abs(now - last) < EVERY_MS) return;
  await askSealed(context, now);
  await thin(context, now);
  await dropRetaken(context);
  await writeMeta(store, 'retainedMs', now);
}

/** Pictures that were taken again, or whose form was thrown away by a crash: no draft and no operation names them since two days. */
async function dropRetaken(context: Context): Promise<void> {
  const { store } = context;
  const before = context.device.wallMs() - RETAKEN_MS;
  await store.transaction('rw', [store.photos, store.bytes, store.drafts], async () => {
    const named = new Set((await store.drafts.toArray()).flatMap((each) => each.photos));
    const left = await store.photos
      .where('state')
      .equals('draft')
      .filter((each) => each.opIds.length === 0 && !named.has(each.sha256) && each.takenAtMs < before)
      .primaryKeys();
    await store.photos.bulkDelete(left);
    await store.bytes.bulkDelete(left);
  });
}

async function askSealed(context: Context, now: number): Promise<void> {
  const { store } = context;
  const waiting = await store.operations
    .where('state')
    .anyOf('accepted', 'asserted')
    .filter((each) => Math.abs(now - (each.askedMs ?? each.settledMs ?? now)) > ASK_AFTER_MS)
    .limit(ASK_MAX)
    .toArray();
  for (const { opId } of waiting) {
    try {
      const receipt = await context.session.call('gridwarden.journal.v1.JournalService/GetReceipt', { requestId: opId });
      if (receipt.state === 'SEALED') await store.operations.update(opId, { state: 'sealed', sealedMs: now });
      // So that one that is not sealed yet does not hold the others up.
      else await store.operations.update(opId, { askedMs: now });
    } catch (error) {
      if (!(error instanceof RpcError) || error.passing || error.code === 'unauthenticated') throw error;
      await store.operations.update(opId, { askedMs: now });
    }
  }
}

async function thin(context: Context, now: number): Promise<void> {
  const { store } = context;
  await store.transaction('rw', [store.operations, store.records], async () => {
    const sealed = await store.operations.where('state').equals('sealed').toArray();
    for (const each of sealed) {
      if (each.body === '' || each.sealedMs === null || now - each.sealedMs < KEEP_MS) continue;
      await store.operations.put({ ...each, body: '', answer: null, localChange: null });
    }
    // Own reports on ground whose records do not come here.
    const own = await store.records
      .filter((each) => each.revision === 0 && each.pendingOps.length === 0 && now + each.sort > OWN_REPORT_MS)
      .primaryKeys();
    await store.records.bulkDelete(own);
  });
}
