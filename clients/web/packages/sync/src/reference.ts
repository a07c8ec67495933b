// What seldom changes and every form needs: categories, reasons, checklists, the map of the own ground. Fetched once and looked at again
// once a day; what could not be fetched again stays as it was.
import { RpcError, type CategoryJson, type GridMapJson, type PatrolTaskJson, type ReasonListJson } from '@gridwarden/proto';
import type { Context } from './context';
import { readMeta, writeMeta } from './store';
import { withRoom } from './room';

const FRESH_MS = 24 * 3600_000;
const RETRY_MS = 3600_000;
/** As many connections as a browser opens to one server. */
const AT_ONCE = 6;
/** Levels whose map fits a phone; a city's ground is fetched by county when somebody looks at one. */
const MAP_LEVELS = new Set(['COUNTY', 'TOWNSHIP', 'VILLAGE', 'GROUP']);

export interface Progress {
  count: number;
  bytes: number;
}

/** Once a day, beside the other work. */
export async function refreshReference(context: Context): Promise<void> {
  const last = await readMeta(context.store, 'referenceMs');
  const now = context.device.wallMs();
  if (last !== undefined && Math.abs(now - last) < FRESH_MS) return;
  // What fails is tried again in an hour, not with every sync.
  await writeMeta(context.store, 'referenceMs', now - FRESH_MS + RETRY_MS);
  await fetchChecklists(context, () => undefined);
  await fetchMaps(context, () => undefined);
  await writeMeta(context.store, 'referenceMs', now);
}

/** Categories, reasons, and every checklist they or the own tasks name. Those already here today are not asked for again. */
export async function fetchChecklists(context: Context, onProgress: (progress: Progress) => void): Promise<Progress> {
  const progress: Progress = { count: 0, bytes: 0 };
  const step = (bytes: number): void => {
    progress.count += 1;
    progress.bytes += bytes;
    onProgress({ ...progress });
  };
  const categories: CategoryJson[] = [];
  let reasons: ReasonListJson[] = [];
  let pageToken = '';
  do {
    const answer = await context.session.call('gridwarden.source.v1.SourceService/ListCategories', { pageSize: 500, pageToken });
    categories.push(...(answer.categories ?? []));
    if (pageToken === '') reasons = answer.reasons ?? [];
    pageToken = answer.nextPageToken ?? '';
  } while (pageToken !== '');
  step(await keep(context, 'categories', categories, ''));
  step(await keep(context, 'reasons', reasons, ''));
  const codes = await checklistCodes(context, categories);
  const fetchNext = async (): Promise<void> => {
    for (let code = codes.pop(); code !== undefined; code = codes.pop()) {
      const bytes = await fetchChecklist(context, code);
      if (bytes !== null) step(bytes);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
  return progress;
}

/** Its size; null for a code that an old task names and the policy no longer has. */
async function fetchChecklist(context: Context, code: string): Promise<number | null> {
  const held = await context.store.reference.get(`checklist:${code}`);
  if (held !== undefined && Math.abs(context.device.wallMs() - held.fetchedMs) < FRESH_MS) return held.bytes;
  try {
    const checklist = await context.session.call('gridwarden.source.v1.SourceService/GetChecklist', { name: `checklists/${code}` });
    return await keep(context, `checklist:${code}`, checklist, checklist.ruleVersion ?? '');
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== 'not_found') throw error;
    return null;
  }
}

async function checklistCodes(context: Context, categories: CategoryJson[]): Promise<string[]> {
  const codes = new Set<string>();
  for (const category of categories) {
    for (const code of category.checklists ?? []) codes.add(code);
    for (const code of namedByNeeds((category as { needs?: unknown }).needs)) codes.add(code);
  }
  const tasks = await context.store.records.where('[kind+name]').between(['PATROL_TASK', ''], ['PATROL_TASK', '\uffff']).toArray();
  for (const task of tasks) {
    const { checklist } = task.data as PatrolTaskJson;
    if (checklist) codes.add(checklist);
  }
  return [...codes].sort();
}

/** "SSP_CLOSURE.POWER_CUT" in whatever list of the needs: the part before the dot is a checklist. */
function namedByNeeds(needs: unknown): string[] {
  if (typeof needs === 'string') return /^[A-Z][A-Z0-9_]*\.[A-Z0-9_]+$/.test(needs) ? [needs.slice(0, needs.indexOf('.'))] : [];
  if (needs === null || typeof needs !== 'object') return [];
  return Object.values(needs).flatMap(namedByNeeds);
}

/** The outlines of the ground of every post, and the names on them. */
export async function fetchMaps(context: Context, onProgress: (progress: Progress) => void): Promise<Progress> {
  const progress: Progress = { count: 0, bytes: 0 };
  const posts = (await readMeta(context.store, 'posts')) ?? [];
  const grounds = new Set(posts.filter((each) => MAP_LEVELS.has(each.level)).map((each) => each.division));
  for (const division of grounds) {
    const { outlines, bytes } = await fetchMap(context, division);
    progress.count += outlines;
    progress.bytes += bytes;
    onProgress({ ...progress });
  }
  return progress;
}

export async function fetchMap(context: Context, division: string): Promise<{ outlines: number; bytes: number }> {
  const key = `map:${division}`;
  const held = await context.store.reference.get(key);
  const map: GridMapJson = await context.session.call('gridwarden.grid.v1.GridService/GetGridMap', { division, etag: held?.etag ?? '' });
  if (map.unchanged === true && held !== undefined) {
    await context.store.reference.update(key, { fetchedMs: context.device.wallMs() });
    return { outlines: (held.data as GridMapJson).outlines?.length ?? 0, bytes: held.bytes };
  }
  const names = (map.outlines ?? [])
    .filter((each) => each.division && each.name)
    .map((each) => ({ resource: each.division!, name: each.name! }));
  const bytes = await keep(context, key, map, map.etag ?? '');
  await withRoom(context.store, () => context.store.names.bulkPut(names));
  return { outlines: map.outlines?.length ?? 0, bytes };
}

async function keep(context: Context, key: string, data: unknown, etag: string): Promise<number> {
  const bytes = JSON.stringify(data).length;
  await withRoom(context.store, () => context.store.reference.put({ key, data, etag, fetchedMs: context.device.wallMs(), bytes }));
  return bytes;
}
