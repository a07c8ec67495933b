// @vitest-environment node
import { beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../src/record';
import { heldDigest } from '../src/pull';
import { readMeta } from '../src/store';
import { ModelServer, type Seen } from './model_server';
import { accept, addedPhoto, browserTab, freshBrowser, PASSWORD, reopened, report, signedIn, visit } from './phones';
import type { AccountPhone } from '../src/phone';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});

const isPull = (seen: Seen): boolean => seen.path.endsWith('/Pull');

async function tab(phone: AccountPhone, name: string): Promise<string[]> {
  const rows = await phone.db.records.where('[tab+sort]').between([name, -Infinity], [name, Infinity]).toArray();
  return rows.map((each) => each.name);
}

describe('tabs', () => {
  test('say what waits for this person, what is under way, what came back, what is done, and what only stands there', async () => {
    server.addTask(2);
    server.addTask(1);
    server.addTask(3, { state: 'STARTED' });
    server.addCase(1, 'DISPATCHED');
    server.addCase(2, 'HANDLING', { reworkCount: 1 });
    server.addCase(3, 'HANDLING');
    server.addCase(4, 'FEEDBACK', { fixer: 'persons/uuid-p' }, false);
    server.addCase(5, 'CHECKING', { fixer: 'persons/other' }, false);
    server.addCase(6, 'RETURNED');
    const mine = (state: string, more: object) => ({ state, finder: 'persons/uuid-p', ...more });
    server.put({ kind: 'SIGNAL', name: 'signals/1', open: true, assigned: true, json: mine('NEW', {}) });
    server.put({
      kind: 'SIGNAL',
      name: 'signals/2',
      open: true,
      assigned: true,
      json: mine('ONSITE_CHECK', { onsiteCheck: { post: 'posts/1' } }),
    });
    server.put({ kind: 'PATROL_TASK', name: 'patrolTasks/over', open: false, assigned: true, json: { state: 'DONE', post: 'posts/1' } });
    const { phone } = await signedIn(server);
    expect(await tab(phone, 'todo')).toEqual(['patrolTasks/t1', 'patrolTasks/t2', 'cases/c1', 'signals/2']);
    expect(await tab(phone, 'doing')).toEqual(['patrolTasks/t3', 'cases/c3']);
    expect(await tab(phone, 'returned')).toEqual(['cases/c2', 'cases/c6']);
    expect((await tab(phone, 'done')).sort()).toEqual(['cases/c4', 'patrolTasks/over', 'signals/1']);
    expect(await tab(phone, 'ground')).toEqual(['cases/c5']);
    expect(await phone.db.records.get('CASE:cases/c1')).toMatchObject({ title: '411702-2026-1', revision: 1, open: true, assigned: true });
  });
});

test('a task that is over is never 待办, whatever post the server still names', async () => {
  for (const state of ['DONE', 'MISSED', 'WAIVED']) {
    server.put({ kind: 'PATROL_TASK', name: `patrolTasks/${state}`, open: false, assigned: true, json: { state, post: 'posts/1' } });
  }
  server.put({ kind: 'CASE', name: 'cases/closed', open: false, assigned: true, json: { state: 'CLOSED' } });
  const { phone } = await signedIn(server);
  expect(await tab(phone, 'todo')).toEqual([]);
  expect(await tab(phone, 'done')).toHaveLength(4);
});

test('a newer build that sorts otherwise looks at what is held anew', async () => {
  const task = server.addTask(1);
  const { tab: browser, phone } = await signedIn(server);
  browser.device.goOnline(false);
  const held = server.addCase(1, 'DISPATCHED');
  browser.device.goOnline(true);
  await phone.syncNow('manual');
  browser.device.goOnline(false);
  const op = await phone.submit(accept(held));
  await phone.db.records.update(`PATROL_TASK:${task}`, { tab: 'ground' });
  await phone.db.meta.delete('viewVersion');
  phone.close();
  const again = await reopened(browser, server);
  expect(await again.db.records.get(`PATROL_TASK:${task}`)).toMatchObject({ tab: 'todo' });
  expect(await again.db.records.get(`CASE:${held}`)).toMatchObject({ tab: 'doing', state: 'HANDLING', pendingOps: [op.opId] });
});

describe('pages', () => {
  test('a download that is cut goes on where it stopped', async () => {
    for (let i = 0; i < 1000; i++) server.addTask(i);
    let pulls = 0;
    server.fault = (seen) => (isPull(seen) && ++pulls === 3 ? 'lose_answer' : 'none');
    const { phone } = await signedIn(server);
    await phone.syncNow('manual');
    expect(await phone.db.records.count()).toBe(1000);
    expect(server.seen.filter(isPull).length).toBeLessThanOrEqual(7);
    expect(await heldDigest(phone.db)).toEqual(await server.digest());
  });

  test('what closed leaves by its tombstone', async () => {
    const task = server.addTask(1);
    const { phone } = await signedIn(server);
    server.remove(`PATROL_TASK:${task}`, 'CLOSED_ARCHIVED');
    await phone.syncNow('manual');
    expect(await phone.db.records.count()).toBe(0);
  });

  test('nothing is asked twice: a pull without changes brings no record', async () => {
    server.addTask(1);
    const { phone } = await signedIn(server);
    const before = server.seen.length;
    await phone.syncNow('manual');
    const asked = server.seen.slice(before).map((each) => each.path.split('/').at(-1));
    expect(asked).toEqual(['Pull', 'ListNotices']);
  });
});

describe('digest', () => {
  test('is the sum of the terms modulo 2^64', () => {
    expect(digestOf([])).toEqual({ count: 0, hash: '0000000000000000' });
    expect(digestOf(['ffffffffffffffff', '0000000000000002'])).toEqual({ count: 2, hash: '0000000000000001' });
  });

  test('a record that was lost on the phone is noticed and comes again', async () => {
    const task = server.addTask(1);
    server.addTask(2);
    const { phone } = await signedIn(server);
    await phone.db.records.delete(`PATROL_TASK:${task}`);
    await phone.syncNow('manual');
    expect(await phone.db.records.count()).toBe(2);
    expect(await heldDigest(phone.db)).toEqual(await server.digest());
  });

  test('a difference that fetching everything does not cure is not fetched for ever', async () => {
    server.addTask(1);
    const { phone } = await signedIn(server);
    server.digest = () => Promise.resolve({ count: 7, hash: '0000000000000007' });
    for (let i = 0; i < 5; i++) await phone.syncNow('manual');
    const whole = server.seen.filter((each) => isPull(each)).length;
    expect(whole).toBeLessThan(10);
    expect(phone.status().phase).toBe('idle');
  });
});

describe('a reset', () => {
  test('with a full outbox touches no operation, draft or photo, and puts own changes on top of what came', async () => {
    const [a, b, gone] = [server.addTask(1), server.addTask(2), server.addTask(3)];
    const { tab: browser, phone } = await signedIn(server);
    browser.device.goOnline(false);
    const photo = await addedPhoto(phone, 5000, 1);
    await phone.submit(visit(a, { photos: [photo] }));
    await phone.submit(report('signals/s1'));
    await phone.saveDraft({ draftId: 'd', form: 'visit', subject: b, data: { x: 1 }, photos: [] });
    server.remove(`PATROL_TASK:${gone}`, 'OUT_OF_SCOPE');
    server.scope = 2;
    browser.device.goOnline(true);
    // The push does not get through, the pull does.
    server.fault = (seen) => (seen.path.endsWith('/Push') ? 'busy' : 'none');
    const { pull } = await import('../src/pull');
    await pull((phone as unknown as { context: Parameters<typeof pull>[0] }).context);
    expect(await phone.db.operations.where('state').equals('queued').count()).toBe(2);
    expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'queued' });
    expect(await phone.drafts()).toHaveLength(1);
    expect(await phone.db.records.get(`PATROL_TASK:${a}`)).toMatchObject({ tab: 'done', state: 'DONE' });
    expect(await phone.db.records.get('SIGNAL:signals/s1')).toMatchObject({ tab: 'done', revision: 0 });
    expect(await phone.db.records.get(`PATROL_TASK:${gone}`)).toBeUndefined();
    server.fault = () => 'none';
    await phone.syncNow('manual');
    expect(server.effects).toHaveLength(2);
    expect(await phone.db.records.get('SIGNAL:signals/s1')).toMatchObject({ revision: 1, pendingOps: [] });
    expect(await heldDigest(phone.db)).toEqual(await server.digest());
  });

  test('that is cut shows the old records until the new ones are whole', async () => {
    for (let i = 0; i < 700; i++) server.addTask(i);
    const { tab: browser, phone } = await signedIn(server);
    server.scope = 2;
    for (let i = 0; i < 500; i++) server.remove(`PATROL_TASK:patrolTasks/t${i}`, 'OUT_OF_SCOPE');
    let pulls = 0;
    server.fault = (seen) => (isPull(seen) && ++pulls === 3 ? 'lose_request' : 'none');
    await phone.syncNow('manual');
    expect(phone.status().phase).toBe('backoff');
    expect(await phone.db.records.count()).toBe(700);
    phone.close();
    const again = await reopened(browser, server);
    await again.syncNow('manual');
    expect(await again.db.records.count()).toBe(200);
    expect(await again.db.shadow.count()).toBe(0);
    expect(await readMeta(again.db, 'shadowCursor')).toBeUndefined();
    expect(await heldDigest(again.db)).toEqual(await server.digest());
  });
});

describe('own changes', () => {
  test('stay on top of what others changed until the server has answered', async () => {
    const name = server.addCase(1, 'DISPATCHED');
    const { tab: browser, phone } = await signedIn(server);
    browser.device.goOnline(false);
    const op = await phone.submit(accept(name));
    server.put({
      kind: 'CASE',
      name,
      open: true,
      assigned: true,
      json: { state: 'DISPATCHED', caseNo: '411702-2026-1', description: '新情况' },
    });
    browser.device.goOnline(true);
    server.unreachable.add(op.rpc);
    await phone.syncNow('manual');
    expect(await phone.db.records.get(`CASE:${name}`)).toMatchObject({
      state: 'HANDLING',
      tab: 'doing',
      pendingOps: [op.opId],
      data: { description: '新情况' },
      revision: 2,
    });
    server.unreachable.clear();
    await phone.syncNow('manual');
    expect(await phone.db.records.get(`CASE:${name}`)).toMatchObject({ state: 'HANDLING', pendingOps: [], revision: 3 });
    expect(await phone.db.bases.count()).toBe(0);
  });

  test('of an observation, which changes nothing, are not shown as open for ever', async () => {
    const name = server.addCase(1, 'HANDLING');
    const { phone } = await signedIn(server);
    await phone.submit({
      ...accept(name),
      rpc: 'gridwarden.sync.v1.SyncService/RecordObservation',
      request: { subject: name, kind: 'EVIDENCE' },
      localChange: {},
    });
    await phone.syncNow('manual');
    expect(await phone.db.records.get(`CASE:${name}`)).toMatchObject({ pendingOps: [], state: 'HANDLING' });
  });

  test('whose pull came before their verdict are confirmed after a while', async () => {
    const task = server.addTask(1);
    const { tab: browser, phone } = await signedIn(server);
    server.unreachable.add('gridwarden.patrol.v1.PatrolService/SubmitVisit');
    const op = await phone.submit(visit(task));
    await phone.syncNow('manual');
    // Done there in the first try, whose answer never came back to sync: the second is a duplicate and changes nothing.
    server.put({ kind: 'PATROL_TASK', name: task, open: false, assigned: false, json: { state: 'DONE', title: 'x', post: 'posts/1' } });
    await phone.syncNow('manual');
    server.operations.set(op.opId, { body: op.body, account: '', result: { opId: op.opId, verdict: 'ACCEPTED' } });
    await phone.syncNow('manual');
    expect(await phone.db.operations.get(op.opId)).toMatchObject({ state: 'accepted' });
    browser.device.pass(10 * 60_000);
    await phone.syncNow('manual');
    expect(await phone.db.records.get(`PATROL_TASK:${task}`)).toMatchObject({ pendingOps: [], state: 'DONE', revision: 2 });
    expect(await phone.db.bases.count()).toBe(0);
  });
});

describe('preparation', () => {
  test('fetches everything, step by step, with sizes', async () => {
    for (let i = 0; i < 400; i++) server.addTask(i);
    const browser = browserTab(server);
    const phone = (await browser.book.signIn('wang', PASSWORD)) as AccountPhone;
    const seen: string[] = [];
    const done = await phone.prepareOffline((steps) => seen.push(steps.map((each) => each.state[0]).join('')));
    expect(done).toBe(true);
    expect(seen[0]).toBe('rwwwww');
    expect(seen.at(-1)).toBe('dddddd');
    expect(await phone.db.records.count()).toBe(400);
    expect(await phone.reference('categories')).toMatchObject([{ code: 'SSP' }]);
    expect(await phone.reference('reasons')).toMatchObject([{ kind: 'RETURN' }]);
    expect(await phone.reference('checklist:SSP_CLOSURE')).toMatchObject({ code: 'SSP_CLOSURE' });
    expect(await phone.reference('checklist:SSP_SURVEY')).toMatchObject({ code: 'SSP_SURVEY' });
    expect(await phone.reference('map:divisions/1')).toMatchObject({ outlines: [{ name: '灈阳街道' }] });
    expect(await phone.readyOfflineMs()).toBe(browser.device.wall);
    phone.close();
  });

  test('that is cut goes on where it stopped, and says what failed', async () => {
    const browser = browserTab(server);
    const phone = (await browser.book.signIn('wang', PASSWORD)) as AccountPhone;
    await phone.syncNow('manual');
    await phone.db.reference.clear();
    let lists = 0;
    server.fault = (seen) => (seen.path.endsWith('/GetChecklist') && ++lists === 2 ? 'lose_answer' : 'none');
    let last: { step: string; state: string; error?: string }[] = [];
    expect(await phone.prepareOffline((steps) => (last = steps))).toBe(false);
    expect(last.find((each) => each.state === 'failed')).toMatchObject({
      step: 'checklists',
      error: expect.stringContaining('连不上') as string,
    });
    expect(await phone.readyOfflineMs()).toBe(null);
    const before = server.seen.length;
    expect(await phone.prepareOffline(() => undefined)).toBe(true);
    expect(server.seen.slice(before).filter((each) => each.path.endsWith('/GetChecklist'))).toHaveLength(1);
    phone.close();
  });
});

describe('messages', () => {
  test('are read here at once, and told when there is a network', async () => {
    for (let i = 0; i < 3; i++)
      server.notices.push({ name: `notices/n${i}`, kind: 'CASE_ASSIGNED', createTime: new Date(server.nowMs + i).toISOString() });
    const { tab: browser, phone } = await signedIn(server);
    expect(await phone.db.notices.count()).toBe(3);
    browser.device.goOnline(false);
    await phone.markNoticesRead(['notices/n0', 'notices/n1']);
    expect(await phone.db.notices.get('notices/n0')).toMatchObject({ readMs: browser.device.wall, untold: 1 });
    browser.device.goOnline(true);
    // One of them went with its post.
    server.notices.splice(1, 1);
    await phone.syncNow('manual');
    expect(server.notices.map((each) => each.readTime !== undefined)).toEqual([true, false]);
    expect(await phone.db.notices.where('untold').equals(1).count()).toBe(0);
  });
});
