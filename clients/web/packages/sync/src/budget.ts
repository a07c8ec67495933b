// How much a phone holds: at most 5,000 records (clients.md 7.5). A new phone gets no more from the server; one that has been in use
// for long drops by itself what is over, the longest unchanged first. The server's digest counts open records only, so it still agrees,
// and a record that changes comes again.
import type { Context } from './context';
import { readMeta, rowsIn, UNDERWAY, UNSETTLED, writeMeta, type Store } from './store';

export const RECORDS_MAX = 5_000;
/** Dropped beyond what is needed, so that it is not done again at every pull; of 5,000 this is 100. */
const SPARE_SHARE = 0.02;
/** The server takes what is over from a phone after as long. */
const OVER_MS = 30 * 24 * 3600_000;

/** Drops closed records beyond the budget. Never what is open or assigned, nor what somebody has work, photos or a draft for here. */
export async function keepBudget(context: Context): Promise<void> {
  const { store, recordsMax } = context;
  if ((await store.records.count()) <= recordsMax) return;
  const dropped = await store.transaction('rw', [store.records, store.bases, store.operations, store.photos, store.drafts], async () => {
    const over = (await store.records.count()) - Math.floor(recordsMax * (1 - SPARE_SHARE));
    const needed = await inUse(store);
    // Keys alone tell what is open: only those rows have a term.
    const open = new Set(await store.records.where('term').above('').primaryKeys());
    const closed = (await store.records.toCollection().primaryKeys()).filter((key) => !open.has(key));
    const spare: { key: string; index: number }[] = [];
    for (const row of await store.records.bulkGet(closed)) {
      if (row === undefined || row.open || row.assigned || row.pendingOps.length > 0 || needed.has(row.name)) continue;
      spare.push({ key: row.key, index: row.index });
    }
    spare.sort((a, b) => a.index - b.index);
    const keys = spare.slice(0, over).map((each) => each.key);
    await store.records.bulkDelete(keys);
    await store.bases.bulkDelete(keys);
    return keys.length;
  });
  if (dropped === 0) return;
  const now = context.device.wallMs();
  await writeMeta(store, 'dropped', [...(await stillDropped(context)), { ms: now, count: dropped }]);
}

/** How many the server would still have on this phone. */
export async function droppedCount(context: Context): Promise<number> {
  return (await stillDropped(context)).reduce((sum, each) => sum + each.count, 0);
}

async function stillDropped(context: Context): Promise<{ ms: number; count: number }[]> {
  const now = context.device.wallMs();
  return ((await readMeta(context.store, 'dropped')) ?? []).filter((each) => Math.abs(now - each.ms) < OVER_MS);
}

/** Names of what something on this phone still rests on: work that is not with the server, photos that are not, forms in progress. */
async function inUse(store: Store): Promise<Set<string>> {
  const names = new Set((await store.drafts.toArray()).map((each) => each.subject));
  for (const each of await rowsIn(store.operations, [...UNSETTLED, 'refused'])) names.add(each.subject);
  const photos = await rowsIn(store.photos, [...UNDERWAY, 'quarantined']);
  for (const each of await store.operations.bulkGet(photos.flatMap((photo) => photo.opIds))) {
    if (each !== undefined) names.add(each.subject);
  }
  return names;
}
