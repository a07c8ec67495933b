// What the store is asked to do, in steps: every request, every row a request brings or counts, every row a cursor walks over. Unlike
// time, the same on every machine.
import { IDBCursor, IDBIndex, IDBObjectStore } from 'fake-indexeddb';

type Method = (this: unknown, ...given: unknown[]) => unknown;

const REQUESTS = ['get', 'getKey', 'getAll', 'getAllKeys', 'count', 'openCursor', 'openKeyCursor', 'put', 'add', 'delete', 'clear'];
const WALKS = ['continue', 'continuePrimaryKey', 'advance'];

/** Does `work`; answers how many steps it took. */
export async function stepsOf(work: () => Promise<unknown>): Promise<number> {
  let steps = 0;
  const restore: (() => void)[] = [];
  const watch = (owner: object, name: string): void => {
    const methods = owner as Record<string, Method>;
    const original = methods[name];
    if (original === undefined) return;
    methods[name] = function (...given) {
      steps += 1;
      const request = original.apply(this, given) as { addEventListener?: EventTarget['addEventListener']; result: unknown } | undefined;
      if (name.startsWith('getAll')) request?.addEventListener?.('success', () => (steps += (request.result as unknown[]).length));
      // Browsers count by walking over the index.
      if (name === 'count') request?.addEventListener?.('success', () => (steps += request.result as number));
      return request;
    };
    restore.push(() => (methods[name] = original));
  };
  for (const owner of [IDBObjectStore.prototype, IDBIndex.prototype]) for (const name of REQUESTS) watch(owner, name);
  for (const name of WALKS) watch(IDBCursor.prototype, name);
  try {
    await work();
  } finally {
    for (const each of restore) each();
  }
  return steps;
}
