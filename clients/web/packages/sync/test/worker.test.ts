// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { syncInWorker } from '../src/worker';
import { ModelServer, type Seen } from './model_server';
import { addedPhoto, freshBrowser, report, signedIn } from './phones';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
  vi.stubGlobal('fetch', server.fetch);
});
afterEach(() => vi.unstubAllGlobals());

const isSync = (seen: Seen): boolean => seen.path.includes('Sync') || seen.path.startsWith('/files');

test('the worker sends what the page left, photos too, while no page is open', async () => {
  const { tab, phone } = await signedIn(server);
  tab.device.goOnline(false);
  const photo = await addedPhoto(phone, 70_000, 1);
  await phone.submit({ ...report('signals/s1'), photos: [photo] });
  phone.close();
  await syncInWorker('https://gridwarden.test');
  expect(server.effects).toHaveLength(1);
  expect(server.photos.has(photo)).toBe(true);
});

test('the worker asks to be woken again while something is left', async () => {
  const { tab, phone } = await signedIn(server);
  tab.device.goOnline(false);
  await phone.submit(report('signals/s1'));
  phone.close();
  server.fault = (seen) => (isSync(seen) ? 'lose_request' : 'none');
  await expect(syncInWorker('https://gridwarden.test')).rejects.toThrow('1 still to be sent');
  server.fault = () => 'none';
  await syncInWorker('https://gridwarden.test');
  expect(server.effects).toHaveLength(1);
});

test('page and worker at once send everything once', async () => {
  const { phone } = await signedIn(server);
  for (let i = 0; i < 5; i++) void phone.submit(report(`signals/s${i}`));
  await Promise.all([syncInWorker('https://gridwarden.test'), phone.syncNow('manual'), syncInWorker('https://gridwarden.test')]);
  await vi.waitFor(async () => {
    await phone.syncNow('manual');
    expect(await phone.db.operations.where('state').equals('accepted').count()).toBe(5);
  });
  expect(server.effects).toHaveLength(5);
});

test('what a PIN seals, what is signed out and what has no database waits for its page', async () => {
  const { tab, phone } = await signedIn(server);
  tab.device.goOnline(false);
  await phone.submit(report('signals/s1'));
  await tab.book.setPin('accounts/uuid-a', '246810');
  phone.close();
  const before = server.seen.length;
  await syncInWorker('https://gridwarden.test');
  await tab.book.setPin('accounts/uuid-a', null);
  await tab.book.rebuild('accounts/uuid-a');
  await syncInWorker('https://gridwarden.test');
  expect(server.seen).toHaveLength(before);
});
