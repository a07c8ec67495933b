// @vitest-environment node
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deviceDouble, type DeviceDouble } from '@gridwarden/device/double';
import { openPhoneBook } from '../src/book';
import { backoffMs, notYet, waitMs } from '../src/backoff';
import { uuidV7 } from '../src/bytes';
import type { AccountPhone } from '../src/phone';
import { ModelServer, type Seen } from './model_server';
import { addedPhoto, freshBrowser, PASSWORD, reopened, report, signedIn, visit } from './phones';

let server: ModelServer;
let device: DeviceDouble;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
  device = deviceDouble(server.nowMs);
});

const opened: AccountPhone[] = [];
afterEach(() => {
  for (const phone of opened.splice(0)) phone.close();
  vi.useRealTimers();
});

/** A phone that acts by itself, as in a page. */
async function alone(): Promise<AccountPhone> {
  const book = openPhoneBook({ device, origin: 'https://gridwarden.test', fetch: server.fetch, appBuild: 'test' });
  const phone = (await book.signIn('wang', PASSWORD)) as AccountPhone;
  opened.push(phone);
  await phone.syncNow('manual');
  return phone;
}

const isPush = (seen: Seen): boolean => seen.path.endsWith('/Push');
const pushes = (): number => server.seen.filter(isPush).length;

describe('by itself', () => {
  test('what is submitted goes at once; what was made offline goes when the network is back', async () => {
    const phone = await alone();
    await phone.submit(report('signals/s1'));
    await vi.waitFor(() => expect(server.effects).toHaveLength(1));
    device.goOnline(false);
    await phone.submit(report('signals/s2'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.effects).toHaveLength(1);
    expect(phone.status()).toMatchObject({ online: false, pendingOperations: 1 });
    device.goOnline(true);
    await vi.waitFor(() => expect(phone.status()).toMatchObject({ online: true, pendingOperations: 0, phase: 'idle' }));
    expect(server.effects).toHaveLength(2);
  });

  test('a phone that was prepared sends what waits soon after it is opened', async () => {
    const phone = await alone();
    expect(await phone.prepareOffline(() => undefined)).toBe(true);
    device.goOnline(false);
    await phone.submit(report('signals/s1'));
    phone.close();
    device.up = true;
    const book = openPhoneBook({ device, origin: 'https://gridwarden.test', fetch: server.fetch, appBuild: 'test' });
    const again = await book.open('accounts/uuid-a');
    if (!again.ok) throw new Error(again.reason);
    opened.push(again.phone as AccountPhone);
    await vi.waitFor(() => expect(server.effects).toHaveLength(1), { timeout: 10_000 });
  });

  test('coming to the front looks for changes', async () => {
    const phone = await alone();
    server.addTask(1);
    device.comeToFront();
    await vi.waitFor(async () => expect(await phone.db.records.count()).toBe(1));
  });

  test('a line that is down is asked more and more seldom, and at once when the person wants', async () => {
    const phone = await alone();
    server.fault = (seen) => (isPush(seen) ? 'lose_request' : 'none');
    await phone.submit(report('signals/s1'));
    await vi.waitFor(() => expect(phone.status()).toMatchObject({ phase: 'backoff', error: 'OFFLINE', online: false }));
    const before = pushes();
    await phone.submit(report('signals/s2'));
    await phone.syncNow('timer');
    expect(pushes()).toBe(before);
    device.pass(3_000);
    await phone.syncNow('timer');
    expect(pushes()).toBe(before + 1);
    await phone.syncNow('manual');
    expect(pushes()).toBe(before + 2);
    server.fault = () => 'none';
    await phone.syncNow('manual');
    expect(phone.status()).toMatchObject({ phase: 'idle', pendingOperations: 0, nextTryMs: null, online: true });
  });

  test('the server says how long to stay away', async () => {
    const phone = await alone();
    server.fault = (seen) => (isPush(seen) ? 'busy' : 'none');
    await phone.submit(report('signals/s1'));
    await vi.waitFor(() =>
      expect(phone.status()).toMatchObject({ phase: 'backoff', error: 'OVERLOADED', messageZh: '中文:OVERLOADED', online: true }),
    );
    expect(phone.status().nextTryMs! - device.wall).toBeGreaterThanOrEqual(1_000);
  });

  test('listeners hear every change until they leave', async () => {
    const phone = await alone();
    const phases: string[] = [];
    const stop = phone.onStatus((status) => phases.push(status.phase));
    await phone.syncNow('manual');
    stop();
    const heard = phases.length;
    await phone.syncNow('manual');
    expect([...new Set(phases)]).toEqual(['idle', 'pushing', 'pulling', 'photos']);
    expect(phases).toHaveLength(heard);
  });
});

describe('two tabs', () => {
  test('show the same: counts, phase and names', async () => {
    const { tab, phone } = await signedIn(server, device);
    const other = await reopened(tab, server);
    device.goOnline(false);
    await phone.submit(report('signals/s1'));
    await vi.waitFor(() => expect(other.status().pendingOperations).toBe(1));
    device.goOnline(true);
    server.addTask(1);
    await phone.syncNow('manual');
    await vi.waitFor(() => expect(other.status()).toMatchObject({ pendingOperations: 0, phase: 'idle' }));
    expect(other.nameOf('divisions/1')).toBe('灈阳街道');
  });

  test('one of them is at it, the other asks it to look again', async () => {
    const { tab, phone } = await signedIn(server, device);
    const other = await reopened(tab, server);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const fetch = server.fetch;
    (phone as unknown as { session: { server: { fetch: unknown } } }).session.server.fetch = async (
      input: RequestInfo | URL,
      init?: RequestInit,
    ) => {
      if (String(input).endsWith('/Pull')) await held;
      return fetch(input, init);
    };
    const first = phone.syncNow('manual');
    await vi.waitFor(() => expect(phone.status().phase).toBe('pulling'));
    await other.submit(report('signals/s1'));
    await other.syncNow('timer');
    release();
    await first;
    await vi.waitFor(() => expect(server.effects).toHaveLength(1));
  });
});

describe('calls that need the server', () => {
  test('carry a request_id of the phone, the same once more when the answer was lost', async () => {
    const seen: unknown[] = [];
    server.answers.set('x.v1.Y/Do', (request) => {
      seen.push(request['requestId']);
      return { done: true };
    });
    const { phone } = await signedIn(server, device);
    let lost = 0;
    server.fault = (each) => (each.path.endsWith('/Do') && lost++ === 0 ? 'lose_answer' : 'none');
    expect(await phone.call('x.v1.Y/Do', { name: 'a' })).toEqual({ done: true });
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatch(/-7/);
    expect(seen[1]).toBe(seen[0]);
    await phone.call('x.v1.Y/Do', { requestId: 'mine' });
    expect(seen[2]).toBe('mine');
  });

  test('say that there is no network', async () => {
    const { phone } = await signedIn(server, device);
    server.fault = () => 'lose_request';
    device.goOnline(false);
    await expect(phone.call('x.v1.Y/Do', {})).rejects.toMatchObject({
      reason: 'OFFLINE',
      messageZh: expect.stringContaining('信号') as string,
    });
  });
});

describe('what is kept', () => {
  const DAY_MS = 86_400_000;

  test('an operation is thinned seven days after it was sealed, never before; a refused one never', async () => {
    const task = server.addTask(1);
    const { phone } = await signedIn(server, device);
    const photo = await addedPhoto(phone, 1000, 1);
    const sealed = await phone.submit(visit(task, { photos: [photo] }));
    const refused = await phone.submit(report('signals/s2', 'BAD'));
    await phone.syncNow('manual');
    // Time passes for both; a clock that is turned changes nothing.
    const pass = (ms: number): void => {
      device.pass(ms);
      server.nowMs += ms;
    };
    for (const ms of [2 * 3600_000, 10 * DAY_MS]) {
      pass(ms);
      await phone.syncNow('manual');
      expect((await phone.db.operations.get(sealed.opId))!.body).not.toBe('');
    }
    server.sealed.add(sealed.opId);
    pass(2 * 3600_000);
    await phone.syncNow('manual');
    expect(await phone.db.operations.get(sealed.opId)).toMatchObject({ state: 'sealed' });
    device.stepClock(365 * DAY_MS);
    await phone.syncNow('manual');
    pass(6 * DAY_MS);
    await phone.syncNow('manual');
    expect((await phone.db.operations.get(sealed.opId))!.body).not.toBe('');
    pass(2 * DAY_MS);
    await phone.syncNow('manual');
    expect(await phone.db.operations.get(sealed.opId)).toMatchObject({
      state: 'sealed',
      body: '',
      hash: sealed.hash,
      receipt: `op receipt ${sealed.opId}`,
    });
    pass(100 * DAY_MS);
    await phone.syncNow('manual');
    expect(await phone.db.operations.get(refused.opId)).toMatchObject({ state: 'refused', body: refused.body });
  });
});

describe('small things', () => {
  test('ids are UUIDv7 and sort by time', () => {
    const ids = [1_000, 2_000, 1_700_000_000_000].map((ms) => uuidV7(ms));
    expect([...ids].sort()).toEqual(ids);
    for (const each of ids) expect(each).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidV7(0)).toMatch(/^00000000-0000-7/);
  });

  test('waiting grows from 2 s to 5 min, and a clock turned back ends it', () => {
    expect(backoffMs(1)).toBeGreaterThanOrEqual(1_000);
    expect(backoffMs(1)).toBeLessThanOrEqual(2_000);
    expect(backoffMs(50)).toBeLessThanOrEqual(300_000);
    expect(backoffMs(50)).toBeGreaterThanOrEqual(150_000);
    expect(notYet(1_000, 500)).toBe(true);
    expect(notYet(86_400_000, 0)).toBe(false);
    expect(notYet(null, 0)).toBe(false);
    // A server that asks for an hour is left alone for as long as anything waits, and not asked at every look.
    expect(waitMs(1, 90_000)).toBe(90_000);
    expect(notYet(waitMs(1, 3600_000), 0)).toBe(true);
    expect(waitMs(1, 3600_000)).toBe(900_000);
  });
});
