// @vitest-environment node
import Dexie from 'dexie';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { heldDigest } from '../src/pull';
import { keepReserve } from '../src/room';
import { ModelServer } from './model_server';
import { addedPhoto, freshBrowser, picture, report, signedIn, start, visit } from './phones';
import { IDBObjectStore } from 'fake-indexeddb';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});
afterEach(() => vi.restoreAllMocks());

/** Every write to these stores fails for want of room, while `full` says so. */
function fullStores(full: (store: string) => boolean): void {
  for (const method of ['put', 'add'] as const) {
    const write = IDBObjectStore.prototype[method];
    vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (this: IDBObjectStore, ...args: Parameters<typeof write>) {
      if (full(this.name)) throw new DOMException('no room', 'QuotaExceededError');
      return write.apply(this, args);
    });
  }
}

describe('a phone without room', () => {
  test('says so and keeps what it had; nothing is half there', async () => {
    const task = server.addTask(1);
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    let left = 0;
    // The n-th write of the transaction is the one without room: each must undo the others.
    for (let n = 0; ; n++) {
      left = n;
      fullStores(() => left-- <= 0);
      const failed = await phone.submit(visit(task)).then(
        () => null,
        (error: unknown) => error,
      );
      vi.restoreAllMocks();
      if (failed === null) {
        expect(n).toBeGreaterThan(2);
        break;
      }
      expect(failed).toMatchObject({ reason: 'STORAGE_FULL' });
      expect(phone.status().full).toBe(true);
      expect(await phone.db.operations.count()).toBe(0);
      expect(await phone.db.records.get(`PATROL_TASK:${task}`)).toMatchObject({ state: 'ISSUED', pendingOps: [] });
      expect(await phone.db.bases.count()).toBe(0);
    }
    expect((await phone.db.operations.toArray()).map((each) => each.seq)).toEqual([1]);
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(server.effects).toHaveLength(1);
    expect(phone.status().full).toBe(false);
  });

  test('still takes text: what can be fetched again goes first, then the reserve', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    await phone.db.thumbnails.put({ sha256: 'a', blob: new Blob(['x']), usedMs: 1 });
    await keepReserve(phone.db);
    let thumbnails = 1;
    let reserve = 1;
    const count = async (): Promise<void> => {
      [thumbnails, reserve] = [await phone.db.thumbnails.count(), await phone.db.reserve.count()];
    };
    await count();
    expect([thumbnails, reserve]).toEqual([1, 1]);
    const clear = vi.spyOn(phone.db.reserve, 'clear');
    fullStores((store) => store === 'operations' && clear.mock.calls.length === 0);
    await phone.submit(report('signals/s1'));
    vi.restoreAllMocks();
    await count();
    expect([thumbnails, reserve]).toEqual([0, 0]);
    expect(await phone.db.operations.count()).toBe(1);
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(await phone.db.reserve.count()).toBe(1);
  });

  test('refuses a photo with a word and still takes the record without it', async () => {
    const { phone } = await signedIn(server);
    fullStores((store) => store === 'bytes');
    expect(await phone.addPhoto(picture(1000, 1))).toEqual({ ok: false, reason: 'full' });
    await phone.submit(report('signals/s1'));
    vi.restoreAllMocks();
    expect(await phone.db.photos.count()).toBe(0);
    await phone.syncNow('manual');
    expect(server.effects).toHaveLength(1);
  });

  test('loses no draft that was saved before', async () => {
    const { phone } = await signedIn(server);
    await phone.saveDraft({ draftId: 'd', form: 'visit', subject: 's', data: { a: 1 }, photos: [] });
    fullStores(() => true);
    await expect(phone.saveDraft({ draftId: 'd', form: 'visit', subject: 's', data: { a: 2 }, photos: [] })).rejects.toMatchObject({
      reason: 'STORAGE_FULL',
    });
    vi.restoreAllMocks();
    expect(await phone.draftOf('visit', 's')).toMatchObject({ data: { a: 1 } });
  });

  test('sends on when answers find no room, and catches up later', { timeout: 60_000 }, async () => {
    // Every single write of a sync run fails once; whatever was half done is done by the next run.
    for (let n = 0; n < 60; n++) {
      freshBrowser();
      server = new ModelServer();
      const tasks = [server.addTask(1), server.addTask(2)];
      const { tab, phone } = await signedIn(server);
      tab.device.goOnline(false);
      const photo = await addedPhoto(phone, 70_000, 1);
      await phone.submit(start(tasks[0]!));
      await phone.submit(visit(tasks[0]!, { photos: [photo] }));
      await phone.submit(report('signals/s1'));
      server.notices.push({ name: 'notices/n', kind: 'X', createTime: new Date().toISOString() });
      let left = n;
      fullStores(() => left-- === 0);
      vi.spyOn(console, 'error').mockImplementation(() => undefined);
      tab.device.goOnline(true);
      await phone.syncNow('manual');
      const reached = left < 0;
      vi.restoreAllMocks();
      await phone.syncNow('manual');
      await phone.syncNow('manual');
      expect(server.effects).toHaveLength(3);
      expect((await phone.db.operations.toArray()).map((each) => [each.state, each.flags])).toEqual([
        ['accepted', []],
        ['accepted', []],
        ['accepted', []],
      ]);
      expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'verified', receipt: `receipt ${photo}` });
      expect(await heldDigest(phone.db)).toEqual(await server.digest());
      phone.close();
      if (!reached) return;
    }
    expect.unreachable('a run has fewer than sixty writes');
  });
});

test('rows that Dexie stores are plain: a reactive draft is taken as JSON', async () => {
  const { phone } = await signedIn(server);
  const reactive = new Proxy({ a: 1 }, {});
  await phone.saveDraft({ draftId: 'd', form: 'visit', subject: 's', data: reactive, photos: [] });
  expect(await phone.draftOf('visit', 's')).toMatchObject({ data: { a: 1 } });
  expect(Dexie.version).toBeGreaterThan(4);
});
