// Who is signed in: access tokens of ten minutes, refresh tokens that change at every use.
import { error, ok } from './answers';
import type { ModelWorld } from './world';

interface Session {
  account: Record<string, unknown>;
  inForce: string;
  /** The one it was given for. */
  before: string;
  ended: boolean;
}

export class ModelSessions {
  accessLifeMs = 10 * 60_000;
  readonly people = new Map<string, { password: string; account: Record<string, unknown> }>();
  private readonly access = new Map<string, { account: string; untilMs: number }>();
  /** By every refresh token they ever had. */
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly world: ModelWorld) {}

  signIn(request: Record<string, string>): Response {
    const person = this.people.get(request['login'] ?? '');
    if (person === undefined || person.password !== request['password']) return error(401, 'unauthenticated', 'SIGN_IN_REFUSED');
    if ((request['client'] ?? '').startsWith('console')) throw new Error('a phone must not ask for a session of the console');
    return ok(this.newTokens({ account: person.account, inForce: '', before: '', ended: false }));
  }

  refresh(token: string): Response {
    const session = this.sessions.get(token);
    if (session === undefined || session.ended) return error(401, 'unauthenticated', 'NOT_SIGNED_IN');
    // The one in force, or the one before while nobody has used what came for it.
    if (token !== session.inForce && token !== session.before) {
      session.ended = true;
      return error(401, 'unauthenticated', 'REFRESH_TOKEN_REUSED');
    }
    session.before = token;
    return ok(this.newTokens(session));
  }

  endAll(): void {
    this.access.clear();
    for (const each of this.sessions.values()) each.ended = true;
  }

  expireAccess(): void {
    this.access.clear();
  }

  caller(headers: Headers): string | null {
    const token = (headers.get('Authorization') ?? '').replace('Bearer ', '');
    const held = this.access.get(token);
    return held === undefined || held.untilMs <= this.world.nowMs ? null : held.account;
  }

  private newTokens(session: Session): Record<string, unknown> {
    const access = `access-${this.world.nextId()}`;
    session.inForce = `refresh-${this.world.nextId()}`;
    this.access.set(access, { account: String(session.account['name']), untilMs: this.world.nowMs + this.accessLifeMs });
    this.sessions.set(session.inForce, session);
    return { accessToken: access, refreshToken: session.inForce, account: session.account };
  }
}
