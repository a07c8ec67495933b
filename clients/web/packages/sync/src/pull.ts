// Brings changes from the server: page by page, each in one transaction with its cursor, so that a page is here whole or comes again.
// After a reset everything is fetched beside what is held and then swapped. Operations, drafts and photos are never touched.
import { RpcError, type PullResponseJson, type TombstoneJson } from '@gridwarden/proto';
import { droppedCount, keepBudget } from './budget';
import { keepTime, viewerOf, type Context } from './context';
import type { Post } from './contract';
import { deviceNameOf, registerDevice } from './device_key';
import { settledOnRecords, showAnew } from './local_change';
import { digestOf, keyOf, rowOf, type Viewer } from './record';
import { withRoom } from './room';
import { readMeta, settled, writeMeta, type HeldRecord, type Store } from './store';

const PAGE = 300;
const PULL_TIMEOUT_MS = 60_000;
const RESETS_MAX = 3;
const PASSES_MAX = 50;
/** A difference found again so soon is not cured by fetching everything again. */
const DRIFT_REST_MS = 10 * 60_000;
/** Longer than the journal takes to number an entry: what was settled before this and did not come with a whole pull changed nothing. */
const SEQUENCED_MS = 2 * 60_000;

export interface Page {
  records: number;
  bytes: number;
  more: boolean;
}

/** Pulls until nothing more has changed. `onPage` follows the first download. */
export async function pull(context: Context, onPage: (page: Page) => void = () => undefined): Promise<void> {
  const { store } = context;
  const device = await registerDevice(context);
  const beganMs = context.device.wallMs();
  // What the server settled before this pull began is in what it brings.
  const confirmed = await settledOnRecords(store);
  let held = await heldToTell(context);
  for (let resets = 0, passes = 0; ;) {
    const at = await standing(store);
    const sentWallMs = context.device.wallMs();
    const answer = await context.session.call(
      'gridwarden.sync.v1.SyncService/Pull',
      { device: deviceNameOf(device), cursor: at.cursor, pageSize: PAGE, ...(held === null ? {} : { held }) },
      { timeoutMs: PULL_TIMEOUT_MS },
    );
    held = null;
    await keepTime(context, sentWallMs, answer);
    if (answer.reset === true) {
      if (++resets > RESETS_MAX) throw again();
      if (answer.resetReason === 'DRIFT') await writeMeta(store, 'driftMs', context.device.wallMs());
      await beginAnew(store, at);
      continue;
    }
    if (!(await applyPage(context, answer, at, confirmed))) {
      // Another tab without locks was faster: from where it stands now.
      if (++passes > PASSES_MAX) throw again();
      continue;
    }
    onPage({ records: answer.records?.length ?? 0, bytes: bytesOf(answer), more: answer.more === true });
    context.changed();
    if (answer.more === true) continue;
    if (at.shadow) await swap(context, answer.nextCursor ?? '', confirmed);
    await finish(context, answer, beganMs, confirmed);
    return;
  }
}

/** Where the download stands: of what is held, or of what comes after a reset. */
interface Standing {
  shadow: boolean;
  cursor: string;
}

async function standing(store: Store): Promise<Standing> {
  const shadow = await readMeta(store, 'shadowCursor');
  return shadow !== undefined ? { shadow: true, cursor: shadow } : { shadow: false, cursor: (await readMeta(store, 'cursor')) ?? '' };
}

/** Inside a transaction: whether it still stands there. */
async function unmoved(store: Store, at: Standing): Promise<boolean> {
  const now = await standing(store);
  return now.shadow === at.shadow && now.cursor === at.cursor;
}

function again(): RpcError {
  return new RpcError('unavailable', 'RESET_AGAIN', '服务器要求反复重新下载，请稍后再试', 'Again and again from the beginning');
}

/** What this phone says it holds: unless nothing was whole yet, or the last difference was found just now. */
async function heldToTell(context: Context): Promise<{ count: number; hash: string } | null> {
  const { store } = context;
  if ((await readMeta(store, 'whole')) === undefined || (await readMeta(store, 'shadowCursor')) !== undefined) return null;
  const driftMs = await readMeta(store, 'driftMs');
  if (driftMs !== undefined && Math.abs(context.device.wallMs() - driftMs) < DRIFT_REST_MS) return null;
  return heldDigest(store);
}

/** Over the rows themselves (index only): what was lost or doubled shows. */
export async function heldDigest(store: Store): Promise<{ count: number; hash: string }> {
  return digestOf((await store.records.orderBy('term').keys()) as string[]);
}

async function beginAnew(store: Store, at: Standing): Promise<void> {
  await store.transaction('rw', [store.shadow, store.meta], async () => {
    if (!(await unmoved(store, at))) return;
    await store.shadow.clear();
    await store.meta.put({ key: 'shadowCursor', value: '' });
  });
}

/** One page with its cursor. False when the download does not stand any more where this page follows. */
async function applyPage(context: Context, answer: PullResponseJson, at: Standing, confirmed: ReadonlySet<string>): Promise<boolean> {
  const { store } = context;
  if (at.cursor === '' || (answer.posts ?? []).length > 0) await writeMeta(store, 'posts', (answer.posts ?? []).map(postOf));
  const viewer = await viewerOf(context);
  const rows = await Promise.all((answer.records ?? []).map((each) => rowOf(each, viewer)));
  const names = Object.entries(answer.displayNames ?? {}).map(([resource, name]) => ({ resource, name }));
  return withRoom(store, () =>
    store.transaction('rw', [store.records, store.shadow, store.bases, store.operations, store.names, store.meta], async () => {
      if (!(await unmoved(store, at))) return false;
      await removeRows(store, at.shadow ? 'shadow' : 'records', answer.tombstones ?? []);
      if (at.shadow) await store.shadow.bulkPut(rows);
      else await putRows(store, rows, confirmed, viewer);
      if (names.length > 0) await store.names.bulkPut(names);
      await store.meta.put({ key: at.shadow ? 'shadowCursor' : 'cursor', value: answer.nextCursor ?? '' });
      return true;
    }),
  );
}

/** Newer rows replace what is held; own changes that are not confirmed go on top again. */
async function putRows(store: Store, rows: HeldRecord[], confirmed: ReadonlySet<string>, viewer: Viewer): Promise<void> {
  const keys = rows.map((each) => each.key);
  const pending = (await store.records.bulkGet(keys)).map((each) => each?.pendingOps ?? []);
  await store.records.bulkPut(rows);
  for (let i = 0; i < rows.length; i++) {
    if (pending[i]!.length > 0) await showAnew(store, 'records', rows[i]!, pending[i]!, confirmed, viewer);
  }
}

async function removeRows(store: Store, table: 'records' | 'shadow', tombstones: TombstoneJson[]): Promise<void> {
  const keys = tombstones.map((each) => keyOf(each.kind ?? '', each.name ?? ''));
  if (keys.length === 0) return;
  await store[table].bulkDelete(keys);
  if (table === 'records') await store.bases.bulkDelete(keys);
}

/** The new download takes the place of what was held; what only this phone knows stays. */
async function swap(context: Context, whole: string, confirmed: ReadonlySet<string>): Promise<void> {
  const { store } = context;
  const viewer = await viewerOf(context);
  await withRoom(store, () =>
    store.transaction('rw', [store.records, store.shadow, store.bases, store.operations, store.meta], async () => {
      if (!(await unmoved(store, { shadow: true, cursor: whole }))) return;
      const rows = await store.shadow.toArray();
      const own = await store.records.orderBy('pendingOps').distinct().toArray();
      await store.records.clear();
      await store.bases.clear();
      await store.records.bulkPut(rows);
      const came = new Map(rows.map((each) => [each.key, each]));
      for (const each of own) {
        const base = came.get(each.key);
        if (base !== undefined) await showAnew(store, 'records', base, each.pendingOps, confirmed, viewer);
        else if (each.revision === 0) await store.records.put(each);
      }
      await store.shadow.clear();
      await store.meta.put({ key: 'cursor', value: whole });
      await store.meta.delete('shadowCursor');
      await store.meta.delete('dropped');
    }),
  );
}

async function finish(context: Context, answer: PullResponseJson, beganMs: number, confirmed: ReadonlySet<string>): Promise<void> {
  const { store } = context;
  await writeMeta(store, 'whole', { ms: context.device.wallMs(), asOfIndex: Number(answer.asOfIndex ?? 0) });
  await writeMeta(store, 'lastSyncMs', context.device.wallMs());
  if (answer.checkpoint) await writeMeta(store, 'checkpointSize', sizeOf(answer.checkpoint));
  await clearUnchanged(context, beganMs, confirmed);
  await keepBudget(context);
  await writeMeta(store, 'leftOut', (answer.leftOut ?? 0) + (await droppedCount(context)));
}

/** Own changes that were settled long before this pull and that it did not bring: they changed nothing that is told. */
async function clearUnchanged(context: Context, beganMs: number, confirmed: ReadonlySet<string>): Promise<void> {
  const { store } = context;
  if (confirmed.size === 0) return;
  const old = new Set<string>();
  for (const operation of await store.operations.bulkGet([...confirmed])) {
    if (operation !== undefined && settled(operation) && Math.abs(beganMs - (operation.settledMs ?? 0)) > SEQUENCED_MS)
      old.add(operation.opId);
  }
  if (old.size === 0) return;
  const viewer = await viewerOf(context);
  await store.transaction('rw', [store.records, store.bases, store.operations], async () => {
    for (const row of await store.records
      .where('pendingOps')
      .anyOf([...old])
      .distinct()
      .toArray()) {
      const base = await store.bases.get(row.key);
      if (base !== undefined) await showAnew(store, 'records', base, row.pendingOps, old, viewer);
      else await store.records.put({ ...row, pendingOps: row.pendingOps.filter((each) => !old.has(each)) });
    }
  });
}

function postOf(post: { post?: string; kind?: string; division?: string; divisionDisplayName?: string; level?: string }): Post {
  return {
    post: post.post ?? '',
    kind: post.kind ?? '',
    division: post.division ?? '',
    divisionName: post.divisionDisplayName ?? '',
    level: post.level ?? '',
  };
}

/** Second line of a checkpoint note: how many entries it covers. */
function sizeOf(checkpoint: string): string {
  const size = checkpoint.split('\n')[1] ?? '';
  return /^\d+$/.test(size) ? size : '0';
}

function bytesOf(answer: PullResponseJson): number {
  let bytes = 0;
  for (const each of answer.records ?? []) bytes += (each.json?.length ?? 0) + (each.events?.length ?? 0) + 120;
  return bytes;
}
