// The server as the protos describe it, strict and small: what it checks, the real one checks too. It runs in the test's memory and is
// reached by a fetch that can lose requests and answers.
import { error, ok } from './model/answers';
import { pull } from './model/changes';
import { files } from './model/files';
import { push, register } from './model/operations';
import { ModelSessions } from './model/sessions';
import { ModelWorld } from './model/world';

/** What happens to one request: decided by the test. */
export type Fault = 'none' | 'lose_request' | 'lose_answer' | 'busy' | 'busy_after' | 'refuse' | { cutBytes: number };
export interface Seen {
  method: string;
  path: string;
  body: Uint8Array;
}

export class ModelServer extends ModelWorld {
  fault: (seen: Seen) => Fault = () => 'none';
  seen: Seen[] = [];
  private readonly sessions = new ModelSessions(this);
  private busy: Promise<unknown> = Promise.resolve();

  constructor() {
    super();
    this.addPerson('wang', 'uuid-a', 'uuid-p');
  }

  addPerson(login: string, id: string, person: string): void {
    const account = { name: `accounts/${id}`, login, displayName: login, person: `persons/${person}` };
    this.sessions.people.set(login, { password: 'correct horse battery', account });
  }

  /** Every session ends: an administrator, or 45 days. */
  endSessions(): void {
    this.sessions.endAll();
  }

  expireAccess(): void {
    this.sessions.expireAccess();
  }

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const path = String(input).replace(/^https?:\/\/[^/]+/, '');
    const headers = new Headers(init.headers);
    let body = await bytesOf(init.body);
    const seen: Seen = { method: init.method ?? 'GET', path, body };
    this.seen.push(seen);
    const fault = this.fault(seen);
    await Promise.resolve();
    if (fault === 'lose_request') throw new TypeError('network');
    if (fault === 'refuse') return error(403, 'permission_denied', 'PERMISSION_DENIED');
    if (fault === 'busy') return error(503, 'unavailable', 'OVERLOADED', {}, 1);
    if (typeof fault === 'object') {
      // The line broke within the body: the gateway keeps nothing of a piece that is cut.
      if (fault.cutBytes < body.length) throw new TypeError('network');
    }
    if (headers.get('Content-Encoding') === 'gzip') body = await gunzip(body);
    // One transaction after the other.
    const turn = this.busy.then(() => this.answer(seen.method, path, headers, body));
    this.busy = turn.catch(() => undefined);
    const answer = await turn;
    if (fault === 'busy_after') return error(503, 'unavailable', 'OVERLOADED', {}, 1);
    if (fault === 'lose_answer' || typeof fault === 'object') throw new TypeError('network');
    return answer;
  };

  private async answer(method: string, path: string, headers: Headers, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    if (path.startsWith('/gridwarden.identity.v1.IdentityService/')) {
      const request = JSON.parse(new TextDecoder().decode(body)) as Record<string, string>;
      if (path.endsWith('/SignIn')) return this.sessions.signIn(request);
      if (path.endsWith('/RefreshTokens')) return this.sessions.refresh(request['refreshToken'] ?? '');
    }
    const account = this.sessions.caller(headers);
    if (account === null) return error(401, 'unauthenticated', 'TOKEN_EXPIRED');
    if (path === '/files' || path.startsWith('/files/')) return files(this, method, path, headers, body, account);
    if (path.startsWith('/photos/')) {
      const bytes = this.photos.get(path.split('/')[2]!);
      return bytes === undefined ? error(404, 'not_found', 'NOT_FOUND') : new Response(new Uint8Array(bytes), { status: 200 });
    }
    const rpc = path.slice(1);
    const request = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    switch (rpc) {
      case 'gridwarden.identity.v1.IdentityService/SignOut':
        return ok({});
      case 'gridwarden.sync.v1.DeviceService/RegisterDevice':
        return register(this, request, account);
      case 'gridwarden.sync.v1.SyncService/Push':
        return push(this, request, account);
      case 'gridwarden.sync.v1.SyncService/Pull':
        return pull(this, request, account);
      case 'gridwarden.notify.v1.NotifyService/ListNotices':
        return ok({ notices: [...this.notices].reverse() });
      case 'gridwarden.notify.v1.NotifyService/MarkRead':
        return this.markRead(request['names'] as string[]);
      case 'gridwarden.source.v1.SourceService/ListCategories':
        return ok({
          categories: [{ code: 'SSP', checklists: ['SSP_SURVEY'], needs: { closing: [{ items: ['SSP_CLOSURE.POWER_CUT'] }] } }],
          reasons: [{ kind: 'RETURN', reasons: [{ code: 'NOT_OURS', zh: '不属本单位', en: 'not ours' }] }],
        });
      case 'gridwarden.source.v1.SourceService/GetChecklist': {
        const name = String(request['name']);
        if (name === 'checklists/OLD') return error(404, 'not_found', 'NOT_FOUND');
        return ok({ name, code: name.slice(11), items: [], ruleVersion: '1' });
      }
      case 'gridwarden.grid.v1.GridService/GetGridMap':
        if (request['etag'] === this.mapEtag) return ok({ unchanged: true, etag: this.mapEtag });
        return ok({ etag: this.mapEtag, outlines: [{ division: request['division'], name: '灈阳街道', level: 'TOWNSHIP' }] });
      case 'gridwarden.journal.v1.JournalService/GetReceipt': {
        const id = String(request['requestId']);
        if (!this.operations.has(id)) return error(404, 'not_found', 'NOT_FOUND');
        return ok({ requestId: id, state: this.sealed.has(id) ? 'SEALED' : 'SEQUENCED' });
      }
      default: {
        const answer = this.answers.get(rpc);
        if (answer === undefined) return error(404, 'unimplemented', 'METHOD_UNKNOWN');
        const value = answer(request);
        return value instanceof Response ? value : ok(value);
      }
    }
  }

  private markRead(names: string[]): Response {
    for (const name of names) {
      const notice = this.notices.find((each) => each.name === name);
      if (notice === undefined) return error(404, 'not_found', 'NOTICE_NOT_YOURS', { resource: name });
    }
    for (const notice of this.notices) if (names.includes(notice.name)) notice.readTime ??= new Date(this.nowMs).toISOString();
    return ok({ changed: names.length });
  }
}

async function bytesOf(body: BodyInit | null | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null || body === undefined) return new Uint8Array();
  return new Uint8Array(await new Response(body).arrayBuffer());
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}
