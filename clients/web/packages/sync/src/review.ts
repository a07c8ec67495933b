// A newer build may sort records into other tabs: then those that are held are looked at anew, once, without fetching them again.
import { viewerOf, type Context } from './context';
import { showAnew } from './local_change';
import { VIEW_VERSION, viewOf, type Viewer } from './record';
import { withRoom } from './room';
import { readMeta, type HeldRecord } from './store';

export async function reviewRecords(context: Context): Promise<void> {
  const { store } = context;
  if ((await readMeta(store, 'viewVersion')) === VIEW_VERSION) return;
  const viewer = await viewerOf(context);
  await withRoom(store, () =>
    store.transaction('rw', [store.records, store.bases, store.operations, store.meta], async () => {
      const rows = await store.records.toArray();
      await store.records.bulkPut(rows.filter((each) => each.pendingOps.length === 0).map((each) => seenAnew(each, viewer)));
      const pending = new Map(rows.map((each) => [each.key, each.pendingOps]));
      for (const base of await store.bases.toArray()) {
        await showAnew(store, 'records', seenAnew(base, viewer), pending.get(base.key) ?? [], NONE, viewer);
      }
      await store.meta.put({ key: 'viewVersion', value: VIEW_VERSION });
    }),
  );
}

const NONE: ReadonlySet<string> = new Set();

function seenAnew(row: HeldRecord, viewer: Viewer): HeldRecord {
  // What only this phone knows looks as its operation said.
  return row.revision === 0 ? row : { ...row, ...viewOf(row.kind, row.data, row.events, row, viewer) };
}
