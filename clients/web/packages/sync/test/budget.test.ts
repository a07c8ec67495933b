// @vitest-environment node
//
// A phone holds so many records and no more. Here 20 instead of 5,000.
import { expect, test } from 'vitest';
import { deviceDouble } from '@gridwarden/device/double';
import { heldDigest } from '../src/pull';
import type { AccountPhone } from '../src/phone';
import { readMeta } from '../src/store';
import { ModelServer } from './model_server';
import { addedPhoto, browserTab, freshBrowser, PASSWORD, visit } from './phones';

const MOST = 20;

async function smallPhone(server: ModelServer) {
  freshBrowser();
  const device = deviceDouble(server.nowMs);
  const tab = browserTab(server, device, MOST);
  const phone = (await tab.book.signIn('wang', PASSWORD)) as AccountPhone;
  await phone.syncNow('manual');
  return { device, phone };
}

async function names(phone: AccountPhone): Promise<string[]> {
  return (await phone.db.records.toArray()).map((each) => each.name).sort();
}

function close(server: ModelServer, n: number): string {
  return server.addCase(n, 'CLOSED', {}, false);
}

test('what has been over for longest leaves a full phone; it counts among what is left out, and comes again when it changes', async () => {
  const server = new ModelServer();
  for (let n = 0; n < 12; n++) server.addTask(n);
  const { phone } = await smallPhone(server);
  for (let n = 0; n < 8; n++) close(server, n);
  await phone.syncNow('manual');
  expect(await phone.db.records.count()).toBe(20);
  expect(phone.status().leftOut).toBe(0);
  close(server, 8);
  close(server, 9);
  await phone.syncNow('manual');
  const there = await names(phone);
  expect(there.filter((each) => each.startsWith('cases/'))).toEqual(
    ['c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9'].map((each) => `cases/${each}`),
  );
  expect(there.filter((each) => each.startsWith('patrolTasks/')).length).toBe(12);
  expect(phone.status().leftOut).toBe(3);

  // Opened again by its office: it is here as if it had never gone.
  server.addCase(0, 'DISPATCHED');
  await phone.syncNow('manual');
  expect(await phone.db.records.get('CASE:cases/c0')).toMatchObject({ open: true, assigned: true, tab: 'todo' });
  expect(server.resets).toBe(0);
  phone.close();
});

test('more open work than a phone should hold stays whole', async () => {
  const server = new ModelServer();
  for (let n = 0; n < 30; n++) server.addTask(n);
  const { phone } = await smallPhone(server);
  for (let n = 0; n < 5; n++) close(server, n);
  await phone.syncNow('manual');
  expect((await names(phone)).length).toBe(30);
  expect(phone.status().leftOut).toBe(5);
  phone.close();
});

test('a closed record stays while a draft, work or a photo of this phone rests on it', async () => {
  const server = new ModelServer();
  for (let n = 0; n < 4; n++) close(server, n);
  const { device, phone } = await smallPhone(server);
  const observation = { rpc: 'gridwarden.sync.v1.SyncService/RecordObservation', subjectKind: 'CASE' as const, localChange: {} };
  await phone.saveDraft({ draftId: 'd', form: 'observation', subject: 'cases/c0', data: {}, photos: [] });
  // Its photo never arrives.
  server.fault = (seen) => (seen.path.startsWith('/files') ? 'lose_request' : 'none');
  const photo = await addedPhoto(phone, 500, 1);
  await phone.submit(visit('cases/c1', { ...observation, photos: [photo] }));
  await phone.syncNow('manual');
  for (let n = 10; n < 40; n++) close(server, n);
  // The server cannot take it yet.
  server.unreachable.add(observation.rpc);
  await phone.submit(visit('cases/c2', observation));
  await phone.syncNow('manual');
  const kept = await names(phone);
  expect(kept).toContain('cases/c0');
  expect(kept).toContain('cases/c1');
  expect(kept).toContain('cases/c2');
  expect(kept).not.toContain('cases/c3');

  // Delivered and thrown away: nothing holds them any more.
  server.fault = () => 'none';
  server.unreachable.clear();
  await phone.removeDraft('d');
  device.pass(3600_000);
  await phone.syncNow('manual');
  for (let n = 40; n < 60; n++) close(server, n);
  device.pass(3600_000);
  await phone.syncNow('manual');
  await phone.syncNow('manual');
  expect((await names(phone)).filter((each) => /^cases\/c[0-3]$/.test(each))).toEqual([]);
  expect((await phone.db.photos.get(photo))?.state).toBe('verified');
  phone.close();
});

// Whatever the ground does: all that is open is here, no more than fits is, and the server never has to say "from the beginning".
test.each(Array.from({ length: 8 }, (_, seed) => seed + 1))('history %d of a full phone', { timeout: 60_000 }, async (seed) => {
  let x = seed * 7919 + 17;
  const random = (below: number): number => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 4294967296) * below);
  };
  const server = new ModelServer();
  server.pageMax = 7;
  const { device, phone } = await smallPhone(server);
  const drafts = new Set<string>();
  for (let round = 0; round < 25; round++) {
    for (let n = random(10); n > 0; n--) {
      const which = random(60);
      if (random(3) === 0) server.addCase(which, 'HANDLING', {}, random(2) === 0);
      else close(server, which);
    }
    const held = await names(phone);
    const one = held[random(Math.max(1, held.length))];
    if (one !== undefined && random(3) === 0) {
      await phone.saveDraft({ draftId: one, form: 'observation', subject: one, data: {}, photos: [] });
      drafts.add(one);
    } else if (drafts.size > 0 && random(3) === 0) {
      const gone = [...drafts][random(drafts.size)]!;
      await phone.removeDraft(gone);
      drafts.delete(gone);
    }
    device.pass(20 * 60_000);
    await phone.syncNow('manual');

    const rows = await phone.db.records.toArray();
    const there = new Map(rows.map((each) => [each.name, each]));
    for (const record of server.records.values()) {
      if (record.open) expect(there.get(record.name)).toMatchObject({ revision: record.revision, open: true });
      else if (there.has(record.name)) expect(there.get(record.name)!.revision).toBe(record.revision);
    }
    for (const draft of drafts) expect(there.has(draft)).toBe(true);
    const bound = rows.filter((each) => each.open || drafts.has(each.name)).length;
    expect(rows.length).toBeLessThanOrEqual(Math.max(MOST, bound));
    expect(await heldDigest(phone.db)).toEqual(await server.digest());
  }
  expect(server.resets).toBe(0);
  expect(await readMeta(phone.db, 'driftMs')).toBeUndefined();
  phone.close();
});
