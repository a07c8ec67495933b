// @vitest-environment node
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BookStore } from '../src/book_store';
import { ModelServer } from './model_server';
import { browserTab, freshBrowser, PASSWORD, reopened, report, signedIn } from './phones';
import type { AccountPhone } from '../src/phone';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});

const ME = 'accounts/uuid-a';

describe('signing in', () => {
  test('with a wrong password is refused in the words of the server', async () => {
    const tab = browserTab(server);
    await expect(tab.book.signIn('wang', 'wrong')).rejects.toMatchObject({ reason: 'SIGN_IN_REFUSED', messageZh: '中文:SIGN_IN_REFUSED' });
    expect(await tab.book.accounts()).toEqual([]);
    expect(await tab.book.open(ME)).toEqual({ ok: false, reason: 'unknown' });
  });

  test('is refreshed when the access token runs out, once for two tabs', async () => {
    const { tab, phone } = await signedIn(server);
    const other = await reopened(tab, server);
    server.expireAccess();
    const before = server.seen.length;
    await Promise.all([
      phone.call('gridwarden.identity.v1.IdentityService/SignOut', {}),
      other.call('gridwarden.identity.v1.IdentityService/SignOut', {}),
    ]);
    expect(server.seen.slice(before).filter((each) => each.path.endsWith('/RefreshTokens'))).toHaveLength(1);
  });

  test('survives a refresh whose answer was lost, also when the next try is a day later', async () => {
    const { tab, phone } = await signedIn(server);
    for (const laterMs of [0, 86_400_000]) {
      server.expireAccess();
      server.fault = (seen) => (seen.path.endsWith('/RefreshTokens') ? 'lose_answer' : 'none');
      await phone.submit(report(`signals/${laterMs}`));
      expect(await phone.syncNow('manual')).toMatchObject({ phase: 'backoff', pendingOperations: 1 });
      server.nowMs += laterMs;
      tab.device.pass(laterMs);
      server.fault = () => 'none';
      expect(await phone.syncNow('manual')).toMatchObject({ phase: 'idle', pendingOperations: 0 });
    }
  });

  test('whose new token was used ends when the old one turns up once more: somebody has a copy', async () => {
    const { phone } = await signedIn(server);
    const stolen = (await new BookStore().accounts.get(ME))!.refresh!;
    for (let i = 0; i < 2; i++) {
      server.expireAccess();
      expect(await phone.syncNow('manual')).toMatchObject({ phase: 'idle' });
    }
    const answer = await server.fetch('/gridwarden.identity.v1.IdentityService/RefreshTokens', {
      method: 'POST',
      body: JSON.stringify({ refreshToken: stolen }),
    });
    expect(answer.status).toBe(401);
    server.expireAccess();
    expect(await phone.syncNow('manual')).toMatchObject({ phase: 'signed_out' });
  });

  test('that ended on the server pauses sending and drops nothing', async () => {
    const { tab, phone } = await signedIn(server);
    server.endSessions();
    await phone.submit(report('signals/s1'));
    expect(await phone.syncNow('manual')).toMatchObject({ phase: 'signed_out', pendingOperations: 1 });
    phone.close();
    const again = await reopened(tab, server);
    expect(again.status()).toMatchObject({ phase: 'signed_out', pendingOperations: 1 });
    await again.submit(report('signals/s2'));
    const book = browserTab(server, tab.device).book;
    const back = (await book.signIn('wang', PASSWORD)) as AccountPhone;
    expect(await back.syncNow('manual')).toMatchObject({ phase: 'idle', pendingOperations: 0 });
    expect(server.effects.map((each) => each.subject)).toEqual(['signals/s1', 'signals/s2']);
    expect([...server.devices.values()]).toHaveLength(1);
    back.close();
  });
});

describe('opening again', () => {
  test('gives a phone that works, whether the one before was closed by then or is closed after', async () => {
    const { tab, phone } = await signedIn(server);
    const back = (await tab.book.signIn('wang', PASSWORD)) as AccountPhone;
    phone.close();
    await back.submit(report('signals/s1'));
    back.close();
    const opened = await tab.book.open(ME);
    if (!opened.ok) throw new Error(opened.reason);
    await opened.phone.submit(report('signals/s2'));
    expect(await opened.phone.syncNow('manual')).toMatchObject({ phase: 'idle', pendingOperations: 0 });
    expect(server.effects).toHaveLength(2);
    expect(server.devices.size).toBe(1);
    opened.phone.close();
  });
});

describe('the PIN', () => {
  test('seals the sign-in: nothing of it lies open, and the right one opens it', async () => {
    const { tab } = await signedIn(server);
    await tab.book.setPin(ME, '246810');
    const row = (await new BookStore().accounts.get(ME))!;
    expect(row).toMatchObject({ refresh: null, access: null });
    expect(row.sealed).not.toBeNull();
    const again = browserTab(server, tab.device);
    expect(await again.book.open(ME)).toEqual({ ok: false, reason: 'wrong_pin', triesLeft: 10 });
    expect(await again.book.open(ME, '111111')).toEqual({ ok: false, reason: 'wrong_pin', triesLeft: 9 });
    const opened = await again.book.open(ME, '246810');
    if (!opened.ok) throw new Error(opened.reason);
    server.expireAccess();
    expect(await opened.phone.syncNow('manual')).toMatchObject({ phase: 'idle', error: null });
    const after = (await new BookStore().accounts.get(ME))!;
    expect(after).toMatchObject({ refresh: null, access: null, pin: { wrong: 0 } });
    expect(after.sealed!.data).not.toEqual(row.sealed!.data);
    opened.phone.close();
  });

  test('wrong ten times forgets the sign-in, never the work', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    await phone.submit(report('signals/s1'));
    await tab.book.setPin(ME, '246810');
    phone.close();
    const again = browserTab(server, tab.device);
    for (let left = 9; left > 0; left--)
      expect(await again.book.open(ME, '000000')).toEqual({ ok: false, reason: 'wrong_pin', triesLeft: left });
    expect(await again.book.open(ME, '000000')).toEqual({ ok: false, reason: 'signed_out', triesLeft: 0 });
    expect(await again.book.open(ME, '246810')).toEqual({ ok: false, reason: 'signed_out' });
    expect(await again.book.accounts()).toMatchObject([{ pending: 1, signedIn: false, hasPin: false }]);
    const row = (await new BookStore().accounts.get(ME))!;
    expect(row).toMatchObject({ refresh: null, sealed: null });
    tab.device.goOnline(true);
    const back = (await again.book.signIn('wang', PASSWORD)) as AccountPhone;
    await back.syncNow('manual');
    expect(server.effects).toHaveLength(1);
    back.close();
  });

  test('can be changed and taken away by who has opened it', async () => {
    const { tab } = await signedIn(server);
    await tab.book.setPin(ME, '246810');
    await tab.book.setPin(ME, '135790');
    const again = browserTab(server, tab.device);
    await expect(again.book.setPin(ME, null)).rejects.toMatchObject({ reason: 'LOCKED' });
    expect(await again.book.open(ME, '246810')).toMatchObject({ ok: false });
    expect(await again.book.open(ME, '135790')).toMatchObject({ ok: true });
    await again.book.setPin(ME, null);
    const third = await browserTab(server, tab.device).book.open(ME);
    expect(third.ok).toBe(true);
  });
});

describe('who changes the sign-in', () => {
  test('a refresh that comes back after the person signed out does not sign in again', async () => {
    const { phone } = await signedIn(server);
    server.expireAccess();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const fetch = server.fetch;
    const session = (phone as unknown as { session: { server: { fetch: unknown } } }).session;
    session.server.fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
      const answer = await fetch(input, init);
      if (String(input).endsWith('/RefreshTokens')) await held;
      return answer;
    };
    const running = phone.syncNow('manual');
    await vi.waitFor(() => expect(server.seen.some((each) => each.path.endsWith('/RefreshTokens'))).toBe(true));
    const book = new BookStore();
    await book.accounts.update(ME, { signedOut: true, refresh: null, access: null });
    release();
    await running;
    expect(await book.accounts.get(ME)).toMatchObject({ signedOut: true, refresh: null, access: null });
  });

  test('a PIN set during a refresh leaves no token open', async () => {
    const { tab, phone } = await signedIn(server);
    for (let i = 0; i < 5; i++) {
      server.expireAccess();
      await Promise.all([phone.syncNow('manual'), tab.book.setPin(ME, `24681${i}`)]);
      const row = (await new BookStore().accounts.get(ME))!;
      expect(row).toMatchObject({ refresh: null, access: null });
      expect(row.sealed).not.toBeNull();
      expect(phone.status().error).toBeNull();
    }
  });
});

describe('a broken database', () => {
  test('is told, its outbox handed out, and a new one begun', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    const op = await phone.submit(report('signals/s1'));
    const file = await tab.book.rescue(ME);
    expect(JSON.parse(await file!.text())).toMatchObject({ operations: [{ opId: op.opId }] });
    const open = indexedDB.open.bind(indexedDB);
    indexedDB.open = (name: string, version?: number) => {
      if (!name.includes('uuid-a')) return open(name, version);
      const request = {
        error: new DOMException('Internal error opening backing store for indexedDB.open.', 'UnknownError'),
      } as unknown as IDBOpenDBRequest;
      setTimeout(() =>
        request.onerror?.({ target: request, preventDefault: () => undefined, stopPropagation: () => undefined } as unknown as Event),
      );
      return request;
    };
    const broken = browserTab(server, tab.device);
    expect(await broken.book.open(ME)).toEqual({ ok: false, reason: 'damaged' });
    expect(await broken.book.rescue(ME)).toBeNull();
    indexedDB.open = open;
    await broken.book.rebuild(ME);
    const opened = await broken.book.open(ME);
    expect(opened.ok).toBe(true);
    if (opened.ok) opened.phone.close();
  });
});
