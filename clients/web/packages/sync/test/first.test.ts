// @vitest-environment node
import { beforeEach, expect, test } from 'vitest';
import { ModelServer } from './model_server';
import { addedPhoto, freshBrowser, reopened, signedIn, visit } from './phones';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});

test('a day: sign in, fetch, work offline, come back', async () => {
  const task = server.addTask(1);
  server.addTask(2);
  const { tab, phone } = await signedIn(server);
  expect(phone.status()).toMatchObject({ phase: 'idle', error: null, pendingOperations: 0 });
  expect(await phone.db.records.where('[tab+sort]').between(['todo', 0], ['todo', Infinity]).count()).toBe(2);
  expect(phone.nameOf('divisions/1')).toBe('灈阳街道');

  tab.device.goOnline(false);
  const photo = await addedPhoto(phone, 200_000, 1);
  await phone.saveDraft({ draftId: 'd1', form: 'visit', subject: task, data: { a: 1 }, photos: [photo] });
  const op = await phone.submit(visit(task, { photos: [photo], draftId: 'd1' }));
  expect(op).toMatchObject({ seq: 1, state: 'queued' });
  expect(await phone.drafts()).toEqual([]);
  expect((await phone.db.records.get(`PATROL_TASK:${task}`))!).toMatchObject({ tab: 'done', state: 'DONE', pendingOps: [op.opId] });
  expect(phone.status()).toMatchObject({ pendingOperations: 1, pendingPhotos: 1 });
  phone.close();

  const again = await reopened(tab, server);
  expect(again.status()).toMatchObject({ pendingOperations: 1, pendingPhotos: 1 });
  tab.device.goOnline(true);
  expect(await again.syncNow('manual')).toMatchObject({ phase: 'idle', pendingOperations: 0, pendingPhotos: 0 });
  expect(server.effects).toHaveLength(1);
  expect(server.photos.get(photo)).toHaveLength(200_000);
  expect(await again.db.operations.get(op.opId)).toMatchObject({ state: 'accepted', grade: 'B' });
  expect(await again.db.records.get(`PATROL_TASK:${task}`)).toMatchObject({ tab: 'done', pendingOps: [], revision: 2 });
  expect(await again.db.photos.get(photo)).toMatchObject({ state: 'verified' });
});
