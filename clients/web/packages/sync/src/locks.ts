// One at a time, over tabs and worker: Web Locks where there are some, else within this page. What must never happen twice is also
// checked inside the transaction that writes it; a lock only spares the work.

const LOOK_AGAIN_MS = 100;

const queues = new Map<string, Promise<unknown>>();

export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = manager();
  if (locks !== null) return (await locks.request(name, work)) as T;
  const before = queues.get(name) ?? Promise.resolve();
  const turn = before.then(work, work);
  const done = turn.catch(() => undefined);
  queues.set(name, done);
  try {
    return await turn;
  } finally {
    if (queues.get(name) === done) queues.delete(name);
  }
}

/** Does the work unless somebody is at it; then answers `busy`. */
export async function ifFree<T>(name: string, work: () => Promise<T>): Promise<T | 'busy'> {
  const locks = manager();
  if (locks !== null) return (await locks.request(name, { ifAvailable: true }, (lock) => (lock === null ? 'busy' : work()))) as T | 'busy';
  if (queues.has(name)) return 'busy';
  return withLock(name, work);
}

/** Does the work as soon as nobody else is at it; answers `busy` when that takes longer: a tab that sleeps may hold it. */
export async function whenFree<T>(name: string, waitMs: number, work: () => Promise<T>): Promise<T | 'busy'> {
  for (let waitedMs = 0; ; waitedMs += LOOK_AGAIN_MS) {
    const done = await ifFree(name, work);
    if (done !== 'busy' || waitedMs >= waitMs) return done;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

function manager(): LockManager | null {
  return (globalThis.navigator as { locks?: LockManager } | undefined)?.locks ?? null;
}
