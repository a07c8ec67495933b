// Messages: kept here, marked as read here at once. The server is told so that another device of the same person knows; nobody else does.
import { RpcError, type NoticeJson } from '@gridwarden/proto';
import { uuidV7 } from './bytes';
import type { Context } from './context';
import { msOf } from './record';
import { withRoom } from './room';
import type { NoticeRow } from './store';

const PAGE = 100;
const PAGES_MAX = 5;
const KEEP = 500;
const MARK_MAX = 500;

export async function markNoticesRead(context: Context, names: string[]): Promise<void> {
  const { store } = context;
  const nowMs = context.device.wallMs();
  await store.transaction('rw', store.notices, async () => {
    for (const row of await store.notices.bulkGet(names)) {
      if (row !== undefined && row.readMs === null) await store.notices.put({ ...row, readMs: nowMs, untold: 1 });
    }
  });
}

export async function syncNotices(context: Context): Promise<void> {
  await tellRead(context);
  await fetchNotices(context);
}

async function tellRead(context: Context): Promise<void> {
  const { store } = context;
  let names = await store.notices.where('untold').equals(1).limit(MARK_MAX).primaryKeys();
  while (names.length > 0) {
    let told = names;
    try {
      await context.session.call('gridwarden.notify.v1.NotifyService/MarkRead', { requestId: uuidV7(context.device.wallMs()), names });
    } catch (error) {
      if (!(error instanceof RpcError) || error.passing || error.code === 'unauthenticated') throw error;
      // One of them went with its post: it alone is forgotten here, or all when the server does not say which.
      const gone = names.filter((each) => error.facts['resource'] === each || error.facts['notice'] === each);
      told = gone.length > 0 ? gone : names;
    }
    await store.transaction('rw', store.notices, async () => {
      for (const row of await store.notices.bulkGet(told)) {
        if (row === undefined) continue;
        const { untold: _, ...rest } = row;
        await store.notices.put(rest);
      }
    });
    names = await store.notices.where('untold').equals(1).limit(MARK_MAX).primaryKeys();
  }
}

async function fetchNotices(context: Context): Promise<void> {
  const { store } = context;
  let pageToken = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await context.session.call('gridwarden.notify.v1.NotifyService/ListNotices', { pageSize: PAGE, pageToken });
    const came = answer.notices ?? [];
    const known = await store.notices.bulkGet(came.map((each) => each.name ?? ''));
    const rows = came.map((each, i) => noticeOf(each, known[i]));
    await withRoom(store, () => store.notices.bulkPut(rows));
    pageToken = answer.nextPageToken ?? '';
    // Newest first: a page that brought nothing new ends it.
    if (pageToken === '' || known.every((each) => each !== undefined)) break;
  }
  const over = (await store.notices.count()) - KEEP;
  if (over > 0) await store.notices.bulkDelete(await store.notices.orderBy('createMs').limit(over).primaryKeys());
}

function noticeOf(notice: NoticeJson, known: NoticeRow | undefined): NoticeRow {
  const untold = known?.untold === 1;
  return {
    name: notice.name ?? '',
    createMs: msOf(notice.createTime) ?? 0,
    readMs: untold ? known.readMs : msOf(notice.readTime),
    data: notice,
    ...(untold ? { untold: 1 as const } : {}),
  };
}
