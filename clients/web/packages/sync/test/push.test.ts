// @vitest-environment node
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hex, sha256, utf8 } from '../src/bytes';
import { deviceDouble } from '@gridwarden/device/double';
import { ModelServer, type Fault, type Seen } from './model_server';
import { accept, addedPhoto, browserTab, feedback, freshBrowser, PASSWORD, reopened, report, signedIn, start, visit } from './phones';
import type { AccountPhone } from '../src/phone';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});

const isPush = (seen: Seen): boolean => seen.path.endsWith('/Push');
/** Fails the first `times` requests that match. */
function failing(match: (seen: Seen) => boolean, fault: Fault, times = 1): void {
  let left = times;
  server.fault = (seen) => (match(seen) && left-- > 0 ? fault : 'none');
}

async function states(phone: AccountPhone): Promise<string[]> {
  return (await phone.db.operations.orderBy('seq').toArray()).map((each) => each.state);
}

describe('what the phone signs', () => {
  test('is a chain: numbers without gaps, each names the bytes before it', async () => {
    const task = server.addTask(1);
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    for (const one of [start(task), visit(task), report('signals/s1')]) await phone.submit(one);
    const rows = await phone.db.operations.orderBy('seq').toArray();
    expect(rows.map((each) => each.seq)).toEqual([1, 2, 3]);
    let before = '';
    for (const row of rows) {
      const body = JSON.parse(row.body) as { prevHash: string; seq: string; opId: string; after: string[] };
      expect(body).toMatchObject({ prevHash: before, seq: String(row.seq), opId: row.opId });
      expect(row.hash).toBe(hex(await sha256(utf8(row.body))));
      before = row.hash;
    }
    expect((JSON.parse(rows[1]!.body) as { after: string[] }).after).toEqual([rows[0]!.opId]);
    expect((JSON.parse(rows[2]!.body) as { after: string[] }).after).toEqual([]);
  });

  test('carries the last token of the server with the clocks of that moment', async () => {
    const { tab, phone } = await signedIn(server);
    const tokenWall = new Date(tab.device.wall).toISOString();
    tab.device.pass(5_000);
    tab.device.fix = { longitude: 114.01, latitude: 33.0, accuracyM: 12, timeMs: tab.device.wall };
    const row = await phone.submit(report('signals/s1'));
    const { time } = JSON.parse(row.body) as { time: Record<string, unknown> };
    expect(time).toMatchObject({
      tokenWallTime: tokenWall,
      bootId: tab.device.boot,
      tokenBootId: tab.device.boot,
      monoMs: '6000',
      tokenMonoMs: '1000',
    });
    expect(String(time['timeToken'])).toMatch(/^token-/);
    expect(time['fix']).toBeUndefined();
    const { fix } = tab.device;
    const placed = await phone.submit({ ...report('signals/s2'), fix });
    expect((JSON.parse(placed.body) as { time: Record<string, unknown> }).time['fix']).toMatchObject({
      longitude: 114.01,
      datum: 'WGS84',
      accuracyM: 12,
    });
  });

  test('is not queued when the server would never take it', async () => {
    const { phone } = await signedIn(server);
    await expect(phone.submit(report('signals/s1', '烟'.repeat(30_000)))).rejects.toMatchObject({ reason: 'MESSAGE_TOO_LARGE' });
    await expect(phone.submit(visit('patrolTasks/t1', { photos: ['0'.repeat(64)] }))).rejects.toMatchObject({ reason: 'PHOTO_NOT_HERE' });
    expect(await phone.db.operations.count()).toBe(0);
  });
});

describe('exactly once', () => {
  test.each<Fault>(['lose_request', 'lose_answer', 'busy', 'busy_after'])('a push that meets %s', async (fault) => {
    const tasks = [server.addTask(1), server.addTask(2), server.addTask(3)];
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    for (const task of tasks) await phone.submit(visit(task));
    tab.device.goOnline(true);
    failing(isPush, fault, 3);
    for (let i = 0; i < 3; i++) expect(await phone.syncNow('manual')).toMatchObject({ phase: 'backoff', pendingOperations: 3 });
    expect(phone.status().nextTryMs).toBeGreaterThan(tab.device.wall);
    expect(await phone.syncNow('manual')).toMatchObject({ phase: 'idle', pendingOperations: 0, error: null });
    expect(server.effects.map((each) => each.subject)).toEqual(tasks);
    expect(await states(phone)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(server.records.get(`PATROL_TASK:${tasks[0]}`)).toMatchObject({ revision: 2 });
  });

  test('a kill after the answer was lost', async () => {
    const task = server.addTask(1);
    const { tab, phone } = await signedIn(server);
    failing(isPush, 'lose_answer');
    await phone.submit(visit(task));
    await vi.waitFor(() => expect(phone.status().phase).toBe('backoff'));
    phone.close();
    const again = await reopened(tab, server);
    expect(await states(again)).toEqual(['sent']);
    await again.syncNow('manual');
    expect(await states(again)).toEqual(['accepted']);
    expect(server.effects).toHaveLength(1);
    expect(await again.db.records.get(`PATROL_TASK:${task}`)).toMatchObject({ state: 'DONE', pendingOps: [] });
  });

  test('two tabs that submit and sync at once', async () => {
    const tasks = Array.from({ length: 20 }, (_, i) => server.addTask(i + 1));
    const { tab, phone } = await signedIn(server);
    const other = await reopened(tab, server);
    server.fault = (seen) => (isPush(seen) && Math.random() < 0.3 ? 'lose_answer' : 'none');
    await Promise.all(tasks.map((task, i) => (i % 2 === 0 ? phone : other).submit(visit(task))));
    for (let i = 0; i < 8; i++) await Promise.all([phone.syncNow('manual'), other.syncNow('manual')]);
    server.fault = () => 'none';
    await phone.syncNow('manual');
    const rows = await phone.db.operations.orderBy('seq').toArray();
    expect(rows.map((each) => each.seq)).toEqual(tasks.map((_, i) => i + 1));
    expect(rows.every((each) => each.state === 'accepted' && each.flags.length === 0)).toBe(true);
    expect(server.effects.map((each) => each.subject).sort()).toEqual([...tasks].sort());
  });

  test('two tabs without Web Locks that take the same number: one signs again', async () => {
    const { tab, phone } = await signedIn(server);
    const other = await reopened(tab, server);
    const locks = await import('../src/locks');
    vi.spyOn(locks, 'withLock').mockImplementation((_name, work) => work());
    tab.device.goOnline(false);
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? phone : other).submit(report(`signals/s${i}`))));
    const rows = await phone.db.operations.orderBy('seq').toArray();
    expect(rows.map((each) => each.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (let i = 1; i < rows.length; i++) expect((JSON.parse(rows[i]!.body) as { prevHash: string }).prevHash).toBe(rows[i - 1]!.hash);
    vi.restoreAllMocks();
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(server.effects).toHaveLength(10);
  });
});

describe('verdicts', () => {
  test('asserted: the record stands as the server says, the operation keeps the reason', async () => {
    const task = server.addTask(1);
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    await phone.submit(visit(task));
    server.put({
      kind: 'PATROL_TASK',
      name: task,
      open: false,
      assigned: false,
      json: { state: 'WAIVED', title: 'task 1', post: 'posts/1' },
    });
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(await states(phone)).toEqual(['asserted']);
    expect((await phone.db.operations.toArray())[0]).toMatchObject({ reason: 'ILLEGAL_TRANSITION' });
    expect(await phone.db.records.get(`PATROL_TASK:${task}`)).toMatchObject({ state: 'WAIVED', tab: 'done', pendingOps: [] });
    expect(await phone.db.bases.count()).toBe(0);
  });

  test('refused: shown, kept, the record as before; what depends on it is judged by itself', async () => {
    const name = server.addCase(1, 'DISPATCHED');
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    await phone.submit(accept(name));
    await phone.submit(feedback(name));
    expect(await phone.db.records.get(`CASE:${name}`)).toMatchObject({ state: 'FEEDBACK', tab: 'done' });
    server.put({ kind: 'CASE', name, open: true, assigned: false, json: { state: 'VOIDED', caseNo: '411702-2026-1' } });
    tab.device.goOnline(true);
    expect(await phone.syncNow('manual')).toMatchObject({ pendingOperations: 0, refused: 1 });
    expect(await states(phone)).toEqual(['refused', 'asserted']);
    const refused = (await phone.db.operations.orderBy('seq').first())!;
    expect(refused).toMatchObject({ reason: 'ILLEGAL_TRANSITION', messageZh: '中文:ILLEGAL_TRANSITION' });
    expect(refused.body).not.toBe('');
    expect(await phone.db.records.get(`CASE:${name}`)).toMatchObject({ state: 'VOIDED', pendingOps: [] });
    const file = JSON.parse(await (await phone.exportOutbox()).text()) as { operations: { opId: string; body: string }[] };
    expect(file.operations).toMatchObject([{ opId: refused.opId, body: refused.body }]);
    await phone.retry(refused.opId);
    expect(await states(phone)).toEqual(['refused', 'asserted']);
  });

  test('waiting: only what depends on it waits too', async () => {
    const name = server.addCase(1, 'DISPATCHED');
    const task = server.addTask(1);
    const { tab, phone } = await signedIn(server);
    server.unreachable.add('gridwarden.casework.v1.CaseworkService/AcceptCase');
    tab.device.goOnline(false);
    await phone.submit(accept(name));
    await phone.submit(feedback(name));
    await phone.submit(visit(task));
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(await states(phone)).toEqual(['waiting', 'waiting', 'accepted']);
    server.unreachable.clear();
    await phone.syncNow('timer');
    expect(await states(phone)).toEqual(['waiting', 'waiting', 'accepted']);
    tab.device.pass(6 * 60_000);
    await phone.syncNow('timer');
    expect(await states(phone)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(server.effects.map((each) => each.rpc.split('/')[1])).toEqual(['SubmitVisit', 'AcceptCase', 'SubmitFeedback']);
  });

  test('the same id with other bytes is refused and does not spoil the rest', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    const one = await phone.submit(report('signals/s1'));
    await phone.submit(report('signals/s2'));
    server.operations.set(one.opId, { body: 'other', result: { opId: one.opId, verdict: 'ACCEPTED' }, account: 'accounts/uuid-a' });
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(await phone.db.operations.get(one.opId)).toMatchObject({ state: 'refused', reason: 'OPERATION_ID_REUSED' });
    expect(await states(phone)).toEqual(['refused', 'accepted']);
  });

  test('a refused own report is no record any more, and stays in the outbox', async () => {
    const { phone } = await signedIn(server);
    await phone.submit(report('signals/s1', 'BAD'));
    await phone.syncNow('manual');
    expect(await states(phone)).toEqual(['refused']);
    expect(await phone.db.records.get('SIGNAL:signals/s1')).toBeUndefined();
  });

  test('one operation that spoils its whole batch is found and set aside', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    const rows = [];
    for (let i = 0; i < 9; i++) rows.push(await phone.submit(report(`signals/s${i}`)));
    const fetch = server.fetch;
    const spoiler = rows[4]!.opId;
    const spoiled = vi.fn(async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const clone = await new Response(init?.body).arrayBuffer();
      const packed = new Headers(init?.headers).get('Content-Encoding') === 'gzip';
      const text = packed
        ? await new Response(new Blob([clone]).stream().pipeThrough(new DecompressionStream('gzip'))).text()
        : new TextDecoder().decode(clone);
      if (String(input).endsWith('/Push') && text.includes(spoiler))
        return new Response('{"code":"invalid_argument","message":"bad"}', { status: 400 });
      return fetch(input, init);
    });
    (phone as unknown as { session: { server: { fetch: unknown } } }).session.server.fetch = spoiled;
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(await states(phone)).toEqual(rows.map((_, i) => (i === 4 ? 'refused' : 'accepted')));
  });
});

describe('limits of a push', () => {
  test('a week of forty-five records a day goes in batches of at most fifty, in order', { timeout: 60_000 }, async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    for (let i = 0; i < 315; i++) await phone.submit(report(`signals/s${i}`));
    expect(phone.status().pendingOperations).toBe(315);
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(phone.status().pendingOperations).toBe(0);
    expect(server.effects.map((each) => each.subject)).toEqual(Array.from({ length: 315 }, (_, i) => `signals/s${i}`));
  });
});

describe('the phone itself', () => {
  test('a server that forgot the phone gets it again', async () => {
    const { phone } = await signedIn(server);
    server.devices.clear();
    await phone.submit(report('signals/s1'));
    await phone.syncNow('manual');
    expect(await states(phone)).toEqual(['accepted']);
  });

  test('a phone taken out of use keeps its work, and is a new one after signing in again', async () => {
    const { tab, phone } = await signedIn(server);
    const [device] = [...server.devices.values()];
    device!.revoked = true;
    await phone.submit(report('signals/s1'));
    expect(await phone.syncNow('manual')).toMatchObject({ phase: 'refused_device', error: 'DEVICE_REVOKED', pendingOperations: 1 });
    const again = (await tab.book.signIn('wang', PASSWORD)) as AccountPhone;
    await again.submit(report('signals/s2'));
    await again.syncNow('manual');
    expect([...server.devices.values()].map((each) => each.replaces)).toEqual(['', `devices/${device!.id}`]);
    expect(server.effects.map((each) => each.subject)).toEqual(['signals/s2']);
    const file = JSON.parse(await (await again.exportOutbox()).text()) as { operations: { subject: string }[] };
    expect(file.operations.map((each) => each.subject)).toEqual(['signals/s1']);
    again.close();
  });

  test('a database that was lost begins a new chain under a new name that says whom it replaces', async () => {
    const { tab, phone } = await signedIn(server);
    await phone.submit(report('signals/s1'));
    await phone.syncNow('manual');
    const first = phone.deviceName()!;
    await tab.book.rebuild('accounts/uuid-a');
    const again = await reopened(tab, server);
    await again.syncNow('manual');
    await again.submit(report('signals/s2'));
    await again.syncNow('manual');
    expect(again.deviceName()).not.toBe(first);
    expect([...server.devices.values()].at(-1)!.replaces).toBe(first);
    expect(server.operations.size).toBe(2);
    expect((await again.db.operations.toArray())[0]).toMatchObject({ seq: 1, flags: [] });
    expect(await again.db.records.count()).toBe(2);
  });

  test('a server restored from an older backup gets again what it lost', async () => {
    const { phone } = await signedIn(server);
    for (let i = 0; i < 3; i++) {
      await phone.submit(report(`signals/s${i}`));
      await phone.syncNow('manual');
    }
    const device = [...server.devices.values()][0]!;
    const lost = device.seqs.get(2)!;
    device.seqs.delete(2);
    server.operations.delete(lost.opId);
    await phone.submit(report('signals/s3'));
    await phone.syncNow('manual');
    await phone.syncNow('manual');
    expect(server.operations.has(lost.opId)).toBe(true);
    expect(await states(phone)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
  });

  test.each([86_400_000, -86_400_000, 365 * 86_400_000, -365 * 86_400_000])('a clock that jumps by %d ms stops nothing', async (step) => {
    const tasks = [server.addTask(1), server.addTask(2), server.addTask(3)];
    const device = deviceDouble(server.nowMs);
    const { phone } = await signedIn(server, device);
    device.goOnline(false);
    await phone.submit(visit(tasks[0]!));
    device.stepClock(step);
    await phone.submit(visit(tasks[1]!));
    device.goOnline(true);
    failing(isPush, 'busy');
    await phone.syncNow('manual');
    device.stepClock(-step);
    await phone.submit(visit(tasks[2]!));
    device.stepClock(step);
    await vi.waitFor(async () => {
      await phone.syncNow('manual');
      expect(await states(phone)).toEqual(['accepted', 'accepted', 'accepted']);
    });
    expect(server.effects).toHaveLength(3);
    expect(Math.abs(phone.status().clockSkewMs! + step)).toBeLessThan(60_000);
  });

  test('a second person on the same phone sees nothing of the first, and nothing of the first is lost', async () => {
    server.addPerson('li', 'uuid-b', 'uuid-q');
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    const photo = await addedPhoto(phone, 1000, 1);
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    tab.device.goOnline(true);
    server.fault = (seen) => (seen.path.includes('Sync') ? 'lose_request' : 'none');
    expect(await phone.signOut()).toEqual({ pending: 2 });
    server.fault = () => 'none';
    const other = browserTab(server, tab.device);
    const second = (await other.book.signIn('li', PASSWORD)) as AccountPhone;
    await second.syncNow('manual');
    expect(await second.db.operations.count()).toBe(0);
    expect(await other.book.open('accounts/uuid-a')).toEqual({ ok: false, reason: 'signed_out' });
    expect((await other.book.accounts()).find((each) => each.account.login === 'wang')).toMatchObject({ pending: 2, signedIn: false });
    const back = (await other.book.signIn('wang', PASSWORD)) as AccountPhone;
    await back.syncNow('manual');
    expect(server.effects.map((each) => each.subject)).toEqual(['signals/s1']);
    expect(server.photos.has(photo)).toBe(true);
  });
});
