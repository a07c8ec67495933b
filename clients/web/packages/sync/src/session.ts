// Who is signed in, and the calls made as that account. The access token lives ten minutes; the refresh token is changed at every use,
// so only one tab changes it at a time, and what came is on disk before it is used.
import { callRpc, RpcError, type RequestOf, type ResponseOf, type RpcName, type TokensJson } from '@gridwarden/proto';
import type { DeviceAdapter } from '@gridwarden/device';
import type { AccountRow, BookStore } from './book_store';
import { withLock } from './locks';
import { seal, unseal } from './pin';

/** How long an access token is used, of its ten minutes. By clocks that need not be right, so not by its expiry time. */
const ACCESS_MS = 8 * 60_000;
const REFRESH_TIMEOUT_MS = 5_000;

/** Whoever changes the sign-in of an account holds it. */
export function tokenLock(account: string): string {
  return `gridwarden-refresh:${account}`;
}

export interface Server {
  origin: string;
  fetch: typeof globalThis.fetch;
}

export interface CallOptions {
  timeoutMs?: number;
}

export class Session {
  private access: { token: string; monoMs: number } | null = null;
  private refreshing: Promise<string> | null = null;

  constructor(
    readonly account: string,
    private readonly book: BookStore,
    readonly server: Server,
    private readonly device: DeviceAdapter,
    /** Opens what the PIN seals; null while there is none, or in a worker. */
    public pinKey: CryptoKey | null,
  ) {}

  /** Calls as this account; changes the token once when the server wants a newer one. Fails with RpcError. */
  call<R extends RpcName>(rpc: R, request: RequestOf<R>, options?: CallOptions): Promise<ResponseOf<R>>;
  call<T>(rpc: string, request: object, options?: CallOptions): Promise<T>;
  async call<T>(rpc: string, request: object, options: CallOptions = {}): Promise<T> {
    return this.asMe((token) => callRpc<T>(rpc, request, { ...this.server, ...options, token }));
  }

  /** Does `work` with a token, and again with a newer one when it fails with "unauthenticated". */
  async asMe<T>(work: (token: string) => Promise<T>): Promise<T> {
    const token = await this.token(null);
    try {
      return await work(token);
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== 'unauthenticated') throw error;
      return work(await this.token(token));
    }
  }

  /** Nothing is left to sign calls with until the person signs in again. */
  async signedOut(): Promise<boolean> {
    const row = await this.book.accounts.get(this.account);
    return row === undefined || row.signedOut || row.expired;
  }

  /** Keeps new tokens. After a refresh (`signingIn` false) not when the person has signed out meanwhile. */
  async adopt(tokens: TokensJson, signingIn = true): Promise<void> {
    for (;;) {
      const row = await this.book.accounts.get(this.account);
      if (row === undefined || (row.signedOut && !signingIn)) throw signInAgain();
      // Sealed before the transaction: WebCrypto inside would end it.
      const kept = await this.kept(tokens, row);
      const stored = await this.book.transaction('rw', this.book.accounts, async () => {
        const now = await this.book.accounts.get(this.account);
        if (now?.version !== row.version || now.signedOut !== row.signedOut) return false;
        await this.book.accounts.put({ ...now, ...kept, version: now.version + 1, signedOut: false, expired: false });
        return true;
      });
      if (!stored) continue;
      this.access = { token: tokens.accessToken ?? '', monoMs: this.device.monoMs() };
      return;
    }
  }

  async end(): Promise<void> {
    try {
      if (this.device.online()) await this.call('gridwarden.identity.v1.IdentityService/SignOut', {}, { timeoutMs: 5_000 });
    } catch {
      // The server ends the session by itself in 45 days; this phone forgets it now.
    }
    this.access = null;
    this.pinKey = null;
    await this.book.transaction('rw', this.book.accounts, async () => {
      const row = await this.book.accounts.get(this.account);
      if (row === undefined) return;
      await this.book.accounts.put({ ...row, version: row.version + 1, refresh: null, sealed: null, access: null, signedOut: true });
    });
  }

  /** A token that is not `stale`. */
  private async token(stale: string | null): Promise<string> {
    const held = this.access;
    if (held !== null && held.token !== stale && this.device.monoMs() - held.monoMs < ACCESS_MS) return held.token;
    this.refreshing ??= withLock(tokenLock(this.account), () => this.refresh(stale)).finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async refresh(stale: string | null): Promise<string> {
    const row = await this.book.accounts.get(this.account);
    if (row === undefined || row.signedOut || row.expired) throw signInAgain();
    // Another tab has changed it meanwhile.
    const age = row.access === null ? Infinity : this.device.wallMs() - row.access.wallMs;
    if (row.access !== null && row.access.token !== stale && age >= 0 && age < ACCESS_MS) {
      this.access = { token: row.access.token, monoMs: this.device.monoMs() - age };
      return row.access.token;
    }
    const refreshToken = row.refresh ?? (row.sealed !== null && this.pinKey !== null ? await unseal(this.pinKey, row.sealed) : null);
    if (refreshToken === null) throw locked();
    try {
      await this.adopt(await this.changed(refreshToken), false);
    } catch (error) {
      if (error instanceof RpcError && error.code === 'unauthenticated') {
        // Only if nobody signed in again while the answer was on its way.
        await this.book.transaction('rw', this.book.accounts, async () => {
          const now = await this.book.accounts.get(this.account);
          if (now !== undefined && now.version === row.version)
            await this.book.accounts.update(this.account, { expired: true, access: null });
        });
      }
      throw error;
    }
    return this.access!.token;
  }

  /** An answer that is lost costs nothing: the server takes the same token again until the one it gave for it was used. */
  private changed(refreshToken: string): Promise<TokensJson> {
    return callRpc(
      'gridwarden.identity.v1.IdentityService/RefreshTokens',
      { refreshToken },
      { ...this.server, timeoutMs: REFRESH_TIMEOUT_MS },
    );
  }

  private async kept(tokens: TokensJson, row: AccountRow): Promise<Pick<AccountRow, 'refresh' | 'sealed' | 'access'>> {
    const refresh = tokens.refreshToken ?? '';
    if (row.pin === null) return { refresh, sealed: null, access: { token: tokens.accessToken ?? '', wallMs: this.device.wallMs() } };
    if (this.pinKey === null) throw locked();
    return { refresh: null, sealed: await seal(this.pinKey, refresh), access: null };
  }
}

function locked(): RpcError {
  return new RpcError('unauthenticated', 'LOCKED', '请先输入本机密码', 'The PIN is needed first');
}

export function signInAgain(): RpcError {
  return new RpcError(
    'unauthenticated',
    'NOT_SIGNED_IN',
    '登录已失效，请重新登录；本机记录都在，登录后继续上传',
    'Sign in again: what is on this phone stays',
  );
}
