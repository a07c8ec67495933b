// @vitest-environment node
import { beforeEach, expect, test, vi } from 'vitest';
import { stepsOf } from './store_work';
import { ModelServer } from './model_server';
import { addedPhoto, freshBrowser, reopened, signedIn, visit } from './phones';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});

const DAYS = 30;
const TASKS_A_DAY = 40;

// A hill village without a signal: all of it is done on the phone, which is started again every morning, and comes down in one go.
test('thirty days of forty tasks without a network arrive once each, in order, with their photos', { timeout: 120_000 }, async () => {
  const tasks = Array.from({ length: DAYS * TASKS_A_DAY }, (_, n) => server.addTask(n));
  const first = await signedIn(server);
  const { tab } = first;
  let phone = first.phone;
  expect(await phone.db.records.where('tab').equals('todo').count()).toBe(tasks.length);

  tab.device.goOnline(false);
  const photos: string[] = [];
  for (let day = 0; day < DAYS; day++) {
    for (let n = 0; n < TASKS_A_DAY; n++) {
      const task = tasks[day * TASKS_A_DAY + n]!;
      const taken = n % 10 === 0 ? [await addedPhoto(phone, 2_000, day * TASKS_A_DAY + n)] : [];
      photos.push(...taken);
      await phone.submit(visit(task, { photos: taken }));
    }
    tab.device.pass(86_400_000);
    phone.close();
    phone = await reopened(tab, server);
  }
  expect(phone.status()).toMatchObject({ pendingOperations: tasks.length, pendingPhotos: photos.length });
  expect(server.effects).toEqual([]);

  tab.device.goOnline(true);
  for (let i = 0; i < 10 && phone.status().pendingOperations + phone.status().pendingPhotos > 0; i++) await phone.syncNow('manual');
  expect(phone.status()).toMatchObject({ pendingOperations: 0, pendingPhotos: 0, refused: 0 });
  expect(server.effects.map((each) => each.subject)).toEqual(tasks);
  expect([...server.photos.keys()].sort()).toEqual([...photos].sort());
  expect(await phone.db.records.where('tab').equals('todo').count()).toBe(0);
});

// What is done at every record must not depend on how much waits already.
test('finishing a record asks the store for as much with hundreds waiting as with none', async () => {
  const tasks = Array.from({ length: 320 }, (_, n) => server.addTask(n));
  const { tab, phone } = await signedIn(server);
  tab.device.goOnline(false);
  const steps: number[] = [];
  for (const [n, task] of tasks.entries()) {
    const taken = n % 10 === 0 ? [await addedPhoto(phone, 200, n)] : [];
    steps.push(await stepsOf(() => phone.submit(visit(task, { photos: taken }))));
  }
  const worst = (from: number, to: number): number => Math.max(...steps.slice(from, to));
  expect(worst(310, 320)).toBeLessThanOrEqual(worst(10, 20));
  expect(phone.status()).toMatchObject({ pendingOperations: 320, pendingPhotos: 32 });
});

// A record that is finished adds itself to what waits; only where something else was counted meanwhile all of it is counted again.
test('what waits is said right while several records are finished at once and the phone tries to send', async () => {
  const { tab, phone } = await signedIn(server);
  const other = await reopened(tab, server);
  server.fault = (seen) => (seen.path.endsWith('/Push') ? 'lose_request' : 'none');
  for (let round = 0; round < 10; round++) {
    const photo = await addedPhoto(phone, 200, round);
    await Promise.all([
      phone.submit(visit(server.addTask(round * 10), { photos: [photo] })),
      phone.submit(visit(server.addTask(round * 10 + 1), { photos: [photo] })),
      other.submit(visit(server.addTask(round * 10 + 2))),
      phone.syncNow('manual'),
    ]);
    const waiting = { pendingOperations: 3 * (round + 1), pendingPhotos: round + 1 };
    await vi.waitFor(() => expect([phone.status(), other.status()]).toMatchObject([waiting, waiting]));
  }
  phone.close();
  other.close();
});
