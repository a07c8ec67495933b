// What this phone did shows at once, marked as not confirmed. Under it lies the record as the server gave it; every answer and every
// pull puts the rest of the own changes on top of it again.
import type { RecordKind, StoredRecord } from './contract';
import { keyOf, NO_DUE_TIME, viewOf, type Viewer } from './record';
import { settled, type HeldRecord, type Store, type StoredOperation } from './store';

/** The record with these operations of this phone on top, in their order. */
export function withChanges(base: HeldRecord, operations: StoredOperation[], viewer: Viewer): HeldRecord {
  let row: HeldRecord = { ...base, pendingOps: [] };
  for (const operation of operations) {
    const change = operation.localChange;
    if (change?.data !== undefined) {
      const data = { ...(row.data as object), ...change.data };
      row = { ...row, ...viewOf(row.kind, data, row.events, row, viewer), tab: row.tab };
    }
    if (change?.state !== undefined) {
      const data = { ...(row.data as object), state: change.state };
      row = { ...row, data, state: change.state };
    }
    if (change?.tab !== undefined && change.tab !== row.tab) {
      row = { ...row, tab: change.tab, sort: change.tab === 'done' ? -operation.createdMs : (row.dueMs ?? NO_DUE_TIME) };
    }
    row.pendingOps = [...row.pendingOps, operation.opId];
  }
  return row;
}

/** Inside the transaction that queues it: the record shows the operation. */
export async function showOperation(store: Store, operation: StoredOperation, viewer: Viewer): Promise<void> {
  const key = keyOf(operation.subjectKind, operation.subject);
  const row = await store.records.get(key);
  if (row === undefined) {
    if (operation.localChange?.data === undefined) return;
    await store.records.put(withChanges(unknownToServer(operation), [operation], viewer));
    return;
  }
  const base = await store.bases.get(key);
  if (base === undefined && row.revision > 0) await store.bases.put({ ...row, pendingOps: [] });
  await store.records.put({ ...withChanges(row, [operation], viewer), pendingOps: [...row.pendingOps, operation.opId] });
}

/**
 * Inside the transaction that stores an answer or a page: shows the record anew from `base`, with those of its operations that are
 * not confirmed. `confirmed`: settled ones whose outcome `base` already has.
 */
export async function showAnew(
  store: Store,
  table: 'records' | 'shadow',
  base: HeldRecord,
  pendingOps: string[],
  confirmed: ReadonlySet<string>,
  viewer: Viewer,
): Promise<void> {
  const operations = (await store.operations.bulkGet(pendingOps)).filter(
    (each): each is StoredOperation =>
      each !== undefined && !confirmed.has(each.opId) && each.state !== 'refused' && each.state !== 'asserted',
  );
  operations.sort((a, b) => a.seq - b.seq);
  if (operations.length === 0) {
    await store.bases.delete(base.key);
    await store[table].put({ ...base, pendingOps: [] });
  } else {
    await store.bases.put({ ...base, pendingOps: [] });
    await store[table].put(withChanges(base, operations, viewer));
  }
}

/** Inside the transaction that stores the verdict: what the server said about the record itself. */
export async function settleRecord(store: Store, operation: StoredOperation, viewer: Viewer): Promise<void> {
  const key = keyOf(operation.subjectKind, operation.subject);
  const row = await store.records.get(key);
  if (row === undefined) return;
  const base = await store.bases.get(key);
  const answer = operation.answer as { name?: string } | null;
  const stands = answer !== null && typeof answer === 'object' && answer.name === operation.subject ? answer : null;
  if (base === undefined) {
    // Only this phone knows it yet. Refused: it never was; else the next pull brings it.
    if (row.revision === 0 && operation.state === 'refused') await store.records.delete(key);
    else if (row.revision === 0 && stands !== null)
      await store.records.put({ ...row, ...viewOf(row.kind, stands, row.events, row, viewer), tab: row.tab, sort: row.sort });
    return;
  }
  const now = stands === null ? base : { ...base, ...viewOf(base.kind, stands, base.events, base, viewer), tab: base.tab, sort: base.sort };
  const over = operation.state === 'refused' || operation.state === 'asserted' || !changesSubject(operation.rpc);
  await showAnew(store, 'records', now, row.pendingOps, over ? new Set([operation.opId]) : NONE, viewer);
}

const NONE: ReadonlySet<string> = new Set();

/** An observation leaves its subject as it is: no pull will bring it again because of that. */
function changesSubject(rpc: string): boolean {
  return !rpc.endsWith('/RecordObservation');
}

/** Operations shown on records whose answer has come: a pull that begins now brings their outcome. */
export async function settledOnRecords(store: Store): Promise<Set<string>> {
  const shown = (await store.records.orderBy('pendingOps').uniqueKeys()) as string[];
  const operations = await store.operations.bulkGet(shown);
  return new Set(operations.filter((each) => each !== undefined && settled(each)).map((each) => each!.opId));
}

function unknownToServer(operation: StoredOperation): HeldRecord {
  const kind: RecordKind = operation.subjectKind;
  const row: StoredRecord = {
    key: keyOf(kind, operation.subject),
    kind,
    name: operation.subject,
    revision: 0,
    index: 0,
    open: true,
    assigned: false,
    tab: 'done',
    sort: -operation.createdMs,
    division: '',
    category: '',
    title: '',
    state: '',
    dueMs: null,
    startMs: null,
    longitude: null,
    latitude: null,
    data: {},
    events: [],
    pendingOps: [],
  };
  return row;
}
