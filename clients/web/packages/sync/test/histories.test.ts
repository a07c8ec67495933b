// @vitest-environment node
//
// Random histories: two tabs of one phone, a server that others change, a line that loses, doubles and cuts, clocks that jump, kills,
// resets, sessions that end. At the end of each: nothing lost, nothing doubled, the chain unbroken, the store as the server sees it.
import { expect, test, vi } from 'vitest';
import { deviceDouble } from '@gridwarden/device/double';
import * as locks from '../src/locks';
import { heldDigest } from '../src/pull';
import { ModelServer, type Fault } from './model_server';
import { accept, addedPhoto, browserTab, feedback, freshBrowser, PASSWORD, report, start, visit, type Browser } from './phones';
import type { AccountPhone } from '../src/phone';

const SEEDS = Number(process.env['GRIDWARDEN_HISTORIES'] ?? 12);
const STEPS = 60;

function randomOf(seed: number): () => number {
  let x = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x / 4294967296;
  };
}

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('history %d', { timeout: 60_000 }, async (seed) => {
  const random = randomOf(seed);
  const pick = <T>(from: T[]): T => from[Math.floor(random() * from.length)]!;
  freshBrowser();
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  // Every other history is one of a browser without Web Locks: two tabs truly at once.
  if (seed % 2 === 0) {
    vi.spyOn(locks, 'withLock').mockImplementation((_name, work) => work());
    vi.spyOn(locks, 'whenFree').mockImplementation((_name, _waitMs, work) => work());
  }
  const server = new ModelServer();
  server.pageMax = 4;
  for (let i = 0; i < 12; i++) server.addTask(i);
  for (let i = 0; i < 6; i++) server.addCase(i, 'DISPATCHED');
  const device = deviceDouble(server.nowMs);
  const tabs: { browser: Browser; phone: AccountPhone }[] = [];
  const open = async (): Promise<void> => {
    const browser = browserTab(server, device);
    const opened = await browser.book.open('accounts/uuid-a');
    if (!opened.ok) throw new Error(opened.reason);
    tabs.push({ browser, phone: opened.phone as AccountPhone });
  };
  const first = browserTab(server, device);
  tabs.push({ browser: first, phone: (await first.book.signIn('wang', PASSWORD)) as AccountPhone });
  await tabs[0]!.phone.syncNow('manual');
  await open();

  const submitted: string[] = [];
  const photos: string[] = [];
  let signals = 0;
  const faults: Fault[] = ['lose_request', 'lose_answer', 'busy', 'busy_after', { cutBytes: 100 }];
  server.fault = () => (device.up && random() < 0.25 ? pick(faults) : 'none');

  const steps: (() => Promise<void>)[] = [
    async () => {
      const phone = pick(tabs).phone;
      const kind = random();
      const taken = random() < 0.4 ? [await addedPhoto(phone, 1 + Math.floor(random() * 200_000), seed * 1000 + photos.length)] : [];
      photos.push(...taken);
      const task = `patrolTasks/t${Math.floor(random() * 12)}`;
      const name = `cases/c${Math.floor(random() * 6)}`;
      const one =
        kind < 0.25
          ? { ...report(`signals/s${signals++}`), photos: taken }
          : kind < 0.5
            ? visit(task, { photos: taken })
            : kind < 0.65
              ? { ...start(task), photos: taken }
              : kind < 0.8
                ? { ...accept(name), photos: taken }
                : feedback(name, taken);
      submitted.push((await phone.submit(one)).opId);
    },
    async () => {
      const phone = pick(tabs).phone;
      submitted.push(
        ...(await Promise.all([phone, pick(tabs).phone].map((each) => each.submit(report(`signals/s${signals++}`))))).map(
          (each) => each.opId,
        ),
      );
    },
    async () => void (await pick(tabs).phone.syncNow(pick(['manual', 'timer', 'online'] as const))),
    async () => void (await Promise.all(tabs.map((each) => each.phone.syncNow('manual')))),
    () => Promise.resolve(device.goOnline(random() < 0.6)),
    () => Promise.resolve(device.stepClock((random() - 0.5) * 2 * pick([60_000, 86_400_000, 365 * 86_400_000]))),
    () => Promise.resolve(device.pass(random() * 600_000)),
    // Somebody else works on the same ground.
    () => {
      const name = `cases/c${Math.floor(random() * 6)}`;
      const state = pick(['DISPATCHED', 'HANDLING', 'VOIDED', 'CLOSED']);
      server.put({ kind: 'CASE', name, open: state !== 'CLOSED', assigned: state === 'DISPATCHED', json: { state } });
      return Promise.resolve();
    },
    () => {
      const key = pick([...server.records.keys()]);
      if (server.records.get(key)!.gone === undefined && random() < 0.3) server.remove(key, 'OUT_OF_SCOPE');
      return Promise.resolve();
    },
    // Reload or kill: the page is gone without a word.
    async () => {
      const at = Math.floor(random() * tabs.length);
      tabs[at]!.phone.close();
      tabs.splice(at, 1);
      await open();
    },
    () => {
      const rare = random();
      if (rare < 0.2) server.scope += 1;
      else if (rare < 0.3) server.endSessions();
      else if (rare < 0.6) server.expireAccess();
      else if (rare < 0.8) server.unreachable = new Set(random() < 0.5 ? ['gridwarden.casework.v1.CaseworkService/AcceptCase'] : []);
      else if (photos.length > 0) server.spoil.set(pick(photos), 1);
      return Promise.resolve();
    },
  ];
  for (let i = 0; i < STEPS; i++) await (random() < 0.35 ? steps[0]! : pick(steps))();

  // The line is good again and the person signs in.
  server.fault = () => 'none';
  server.unreachable.clear();
  server.spoil.clear();
  device.goOnline(true);
  for (const each of tabs.splice(0)) each.phone.close();
  const browser = browserTab(server, device);
  const phone = (await browser.book.signIn('wang', PASSWORD)) as AccountPhone;
  for (let i = 0; i < 6; i++) {
    await phone.syncNow('manual');
    device.pass(20 * 60_000);
  }

  // Nothing lost.
  const rows = await phone.db.operations.orderBy('seq').toArray();
  expect(rows.map((each) => each.opId).sort()).toEqual([...submitted].sort());
  expect([...server.operations.keys()].filter((each) => submitted.includes(each)).sort()).toEqual([...submitted].sort());
  expect(rows.filter((each) => !['accepted', 'asserted', 'refused'].includes(each.state))).toEqual([]);
  for (const row of rows) {
    const verdict = String(server.operations.get(row.opId)!.result['verdict']).toLowerCase();
    expect([row.opId, row.state]).toEqual([row.opId, verdict]);
  }
  // Nothing doubled.
  const effects = server.effects.filter((each) => each.rpc.endsWith('/SubmitSignal')).map((each) => each.subject);
  expect(new Set(effects).size).toBe(effects.length);
  expect(server.effects.length).toBe(rows.filter((each) => each.state === 'accepted').length);
  // The chain.
  expect(rows.map((each) => each.seq)).toEqual(rows.map((_, i) => i + 1));
  expect(rows.flatMap((each) => each.flags)).not.toContain('CHAIN_FORK');
  for (let i = 1; i < rows.length; i++) expect((JSON.parse(rows[i]!.body) as { prevHash: string }).prevHash).toBe(rows[i - 1]!.hash);
  // Photos of what was taken.
  for (const row of rows) {
    for (const sha256 of row.photos) {
      const photo = (await phone.db.photos.get(sha256))!;
      expect(await phone.db.bytes.get(sha256)).toBeDefined();
      if (photo.state === 'quarantined') expect(photo.error).toBe('MEDIA_DIGEST_MISMATCH');
      else {
        expect([sha256, photo.state]).toEqual([sha256, 'verified']);
        expect(server.photos.has(sha256)).toBe(true);
      }
    }
  }
  // The store is the server's view, with nothing of this phone on top.
  expect(await heldDigest(phone.db)).toEqual(await server.digest());
  for (const row of await phone.db.records.toArray()) {
    const there = server.records.get(row.key);
    expect([row.key, row.pendingOps]).toEqual([row.key, []]);
    if (there === undefined || there.gone !== undefined) expect(row.revision).toBe(0);
    else expect(row).toMatchObject({ revision: there.revision, state: there.json['state'] });
  }
  expect(await phone.db.bases.count()).toBe(0);
  expect(phone.status()).toMatchObject({ phase: 'idle', pendingOperations: 0, error: null });
  phone.close();
  vi.restoreAllMocks();
});
