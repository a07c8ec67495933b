// Who is signed in at a desk: tokens live in the tab and go with it. A desk's session ends after half an hour without use (the server
// sees to that), so nothing here is kept for later.
import { callRpc, RpcError, type RequestOf, type ResponseOf, type RpcName } from '@gridwarden/proto';
import { shallowRef, type Ref } from 'vue';

interface Tokens {
  accessToken: string;
  accessExpireMs: number;
  refreshToken: string;
  account: NonNullable<ResponseOf<'gridwarden.identity.v1.IdentityService/SignIn'>['account']>;
}
export type Account = Tokens['account'];

/** An access token is changed this long before it expires. */
const EARLY_MS = 30_000;
const STORED = 'gridwarden.desk.session';

type SignInAnswer = ResponseOf<'gridwarden.identity.v1.IdentityService/SignIn'>;

function tokensOf(answer: SignInAnswer): Tokens {
  return {
    accessToken: answer.accessToken ?? '',
    accessExpireMs: Date.parse(answer.accessExpireTime ?? ''),
    refreshToken: answer.refreshToken ?? '',
    account: answer.account ?? {},
  };
}

function read(): Tokens | null {
  try {
    return JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as Tokens | null;
  } catch {
    return null;
  }
}

function keep(tokens: Tokens | null): void {
  try {
    if (tokens) sessionStorage.setItem(STORED, JSON.stringify(tokens));
    else sessionStorage.removeItem(STORED);
  } catch {
    // Then the session lasts until the page is loaded again.
  }
}

let tokens: Tokens | null = read();
let refreshing: Promise<void> | null = null;
const account = shallowRef<Account | null>(tokens?.account ?? null);

/** The account, or null when somebody has to sign in. */
export function useAccount(): Readonly<Ref<Account | null>> {
  return account;
}

function set(now: Tokens | null): void {
  tokens = now;
  keep(now);
  account.value = now?.account ?? null;
}

/** `client` begins with "console" for short sessions. Fails with RpcError. */
export async function signIn(login: string, password: string, client: string): Promise<void> {
  set(tokensOf(await callRpc('gridwarden.identity.v1.IdentityService/SignIn', { login, password, client })));
}

export async function signOut(): Promise<void> {
  const token = tokens?.accessToken ?? null;
  set(null);
  // The session also ends by itself; a server that cannot be reached keeps nobody signed in here.
  if (token) await callRpc('gridwarden.identity.v1.IdentityService/SignOut', {}, { token }).catch(() => undefined);
}

/** One refresh at a time: a refresh token works once. */
async function refresh(): Promise<void> {
  refreshing ??= (async () => {
    try {
      set(tokensOf(await callRpc('gridwarden.identity.v1.IdentityService/RefreshTokens', { refreshToken: tokens?.refreshToken ?? '' })));
    } catch (error) {
      if (error instanceof RpcError && error.code === 'unauthenticated') set(null);
      throw error;
    } finally {
      refreshing = null;
    }
  })();
  return refreshing;
}

async function token(): Promise<string> {
  if (!tokens) throw new RpcError('unauthenticated', 'SIGN_IN_NEEDED', '请登录', 'Please sign in');
  if (Date.now() > tokens.accessExpireMs - EARLY_MS) await refresh();
  return tokens.accessToken;
}

/** Calls an rpc as whoever is signed in; a session that has ended shows the sign-in. */
export async function call<R extends RpcName>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>> {
  try {
    return await callRpc(rpc, request, { token: await token() });
  } catch (error) {
    if (error instanceof RpcError && error.code === 'unauthenticated') set(null);
    throw error;
  }
}

/** For rpcs that change something: the same id for the same intention, so that a click sent twice is done once. */
export function newRequestId(): string {
  return crypto.randomUUID();
}

/** The bytes of a photo, or why not. */
export async function photo(sha256: string, size: 'thumbnail' | 'whole'): Promise<Blob> {
  const path = size === 'thumbnail' ? `/photos/${sha256}/thumbnail` : `/photos/${sha256}`;
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${await token()}` }, credentials: 'omit' });
  if (!answer.ok)
    throw new RpcError(
      answer.status === 404 ? 'not_found' : 'unknown',
      `HTTP_${answer.status}`,
      `HTTP ${answer.status}`,
      `HTTP ${answer.status}`,
    );
  return answer.blob();
}
