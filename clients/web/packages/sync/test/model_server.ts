// The server as the protos describe it, strict and small: what it checks, the real one checks too. It runs in the test's memory and is
// reached by a fetch that can lose requests and answers.
import { hex, sha256, utf8 } from '../src/bytes';

export interface Doing {
  rpc: string;
  request: Record<string, unknown>;
  subject: string;
}

export interface ModelRecord {
  kind: string;
  name: string;
  revision: number;
  index: number;
  json: Record<string, unknown>;
  open: boolean;
  assigned: boolean;
  gone?: string;
}

interface ModelDevice {
  id: string;
  account: string;
  publicKey: string;
  replaces: string;
  revoked: boolean;
  seqs: Map<number, { opId: string; hash: string; prev: string }>;
}

interface ModelUpload {
  id: string;
  sha256: string;
  size: number;
  bytes: Uint8Array;
  complete: boolean;
  account: string;
}

/** What happens to one request: decided by the test. */
export type Fault = 'none' | 'lose_request' | 'lose_answer' | 'busy' | 'busy_after' | { cutBytes: number };
export interface Seen {
  method: string;
  path: string;
  body: Uint8Array;
}

export class ModelServer {
  nowMs = Date.UTC(2026, 10, 22, 8, 0, 0);
  epoch = 1;
  scope = 1;
  fault: (seen: Seen) => Fault = () => 'none';
  /** Areas that cannot be reached: operations of that rpc wait. */
  unreachable = new Set<string>();
  accessLifeMs = 10 * 60_000;
  seen: Seen[] = [];
  /** How often a phone was sent back to the beginning. */
  resets = 0;
  readonly records = new Map<string, ModelRecord>();
  readonly devices = new Map<string, ModelDevice>();
  readonly operations = new Map<string, { body: string; result: Record<string, unknown>; account: string }>();
  readonly observations: { opId: string; subject: string; reason: string }[] = [];
  /** Every effect an operation had, so that a doubled one shows. */
  readonly effects: Doing[] = [];
  readonly photos = new Map<string, Uint8Array>();
  readonly verifiedMs = new Map<string, number>();
  readonly uploads = new Map<string, ModelUpload>();
  readonly named = new Map<string, Set<string>>();
  readonly notices: { name: string; createTime: string; readTime?: string; kind: string }[] = [];
  readonly sealed = new Set<string>();
  /** Digests of pieces that arrive spoiled, how often. */
  pageMax = 500;
  spoil = new Map<string, number>();
  mapEtag = 'map-1';
  answers = new Map<string, (request: Record<string, unknown>) => unknown>();
  pieces: { sha256: string; offset: number; length: number }[] = [];
  private busy: Promise<unknown> = Promise.resolve();
  private index = 0;
  private ids = 0;
  private readonly tokens = new Map<string, { account: string; untilMs: number }>();
  private readonly refresh = new Map<string, { account: string; family: number; replacedMs: number | null }>();
  private readonly endedFamilies = new Set<number>();

  readonly people = new Map<string, { password: string; account: Record<string, unknown> }>();

  constructor() {
    this.addPerson('wang', 'uuid-a', 'uuid-p');
  }

  addPerson(login: string, id: string, person: string): void {
    const account = { name: `accounts/${id}`, login, displayName: login, person: `persons/${person}` };
    this.people.set(login, { password: 'correct horse battery', account });
  }

  // Ground and work.

  put(record: Omit<ModelRecord, 'revision' | 'index'>): ModelRecord {
    const key = `${record.kind}:${record.name}`;
    const held = this.records.get(key);
    const now: ModelRecord = { ...record, revision: (held?.revision ?? 0) + 1, index: ++this.index };
    delete now.gone;
    now.json = { name: record.name, ...record.json, etag: `e${now.revision}` };
    this.records.set(key, now);
    return now;
  }

  remove(key: string, reason: string): void {
    const held = this.records.get(key)!;
    this.records.set(key, { ...held, gone: reason, index: ++this.index });
  }

  addTask(n: number, more: Record<string, unknown> = {}): string {
    const name = `patrolTasks/t${n}`;
    this.put({
      kind: 'PATROL_TASK',
      name,
      open: true,
      assigned: true,
      json: { state: 'ISSUED', title: `task ${n}`, post: 'posts/1', dueTime: new Date(this.nowMs + n * 3600_000).toISOString(), ...more },
    });
    return name;
  }

  addCase(n: number, state: string, more: Record<string, unknown> = {}, assigned = true): string {
    const name = `cases/c${n}`;
    this.put({ kind: 'CASE', name, open: state !== 'CLOSED', assigned, json: { state, caseNo: `411702-2026-${n}`, ...more } });
    return name;
  }

  /** The server's clock never stands still between two acts. */
  private tick(): number {
    return ++this.nowMs;
  }

  get lastIndex(): number {
    return this.index;
  }

  async digest(): Promise<{ count: number; hash: string }> {
    let sum = 0n;
    let count = 0;
    for (const each of this.records.values()) {
      if (!each.open || each.gone !== undefined) continue;
      const term = hex((await sha256(utf8(`${each.kind}:${each.name}:${each.revision}`))).subarray(0, 8));
      sum += BigInt(`0x${term}`);
      count += 1;
    }
    return { count, hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
  }

  // The line.

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const path = String(input).replace(/^https?:\/\/[^/]+/, '');
    const headers = new Headers(init.headers);
    let body = await bytesOf(init.body);
    const seen: Seen = { method: init.method ?? 'GET', path, body };
    this.seen.push(seen);
    const fault = this.fault(seen);
    await Promise.resolve();
    if (fault === 'lose_request') throw new TypeError('network');
    if (fault === 'busy') return this.error(503, 'unavailable', 'OVERLOADED', {}, 1);
    if (typeof fault === 'object') {
      // The line broke within the body: the gateway keeps nothing of a piece that is cut.
      if (fault.cutBytes < body.length) throw new TypeError('network');
    }
    if (headers.get('Content-Encoding') === 'gzip') body = await gunzip(body);
    // One transaction after the other.
    const turn = this.busy.then(() => this.answer(seen.method, path, headers, body));
    this.busy = turn.catch(() => undefined);
    const answer = await turn;
    if (fault === 'busy_after') return this.error(503, 'unavailable', 'OVERLOADED', {}, 1);
    if (fault === 'lose_answer' || typeof fault === 'object') throw new TypeError('network');
    return answer;
  };

  private error(status: number, code: string, reason: string, facts: Record<string, string> = {}, retryS?: number): Response {
    const details = [
      { type: 'google.rpc.ErrorInfo', value: '', debug: { reason, domain: 'gridwarden', metadata: facts } },
      { type: 'google.rpc.LocalizedMessage', value: '', debug: { locale: 'zh-CN', message: `中文:${reason}` } },
    ];
    const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Tus-Resumable': '1.0.0' };
    if (retryS !== undefined) headers['Retry-After'] = String(retryS);
    return new Response(JSON.stringify({ code, message: reason, details }), { status, headers });
  }

  private ok(value: unknown): Response {
    return new Response(JSON.stringify(value), { status: 200, headers: { 'Content-Type': 'application/json' } });
  }

  private async answer(method: string, path: string, headers: Headers, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    if (path.startsWith('/gridwarden.identity.v1.IdentityService/')) {
      const request = JSON.parse(new TextDecoder().decode(body)) as Record<string, string>;
      if (path.endsWith('/SignIn')) return this.signIn(request);
      if (path.endsWith('/RefreshTokens')) return this.refreshTokens(request['refreshToken'] ?? '');
    }
    const account = this.caller(headers);
    if (account === null) return this.error(401, 'unauthenticated', 'TOKEN_EXPIRED');
    if (path === '/files' || path.startsWith('/files/')) return this.files(method, path, headers, body, account);
    if (path.startsWith('/photos/')) {
      const bytes = this.photos.get(path.split('/')[2]!);
      return bytes === undefined ? this.error(404, 'not_found', 'NOT_FOUND') : new Response(copy(bytes), { status: 200 });
    }
    const rpc = path.slice(1);
    const request = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    switch (rpc) {
      case 'gridwarden.identity.v1.IdentityService/SignOut':
        return this.ok({});
      case 'gridwarden.sync.v1.DeviceService/RegisterDevice':
        return this.register(request, account);
      case 'gridwarden.sync.v1.SyncService/Push':
        return this.push(request, account);
      case 'gridwarden.sync.v1.SyncService/Pull':
        return this.pull(request, account);
      case 'gridwarden.notify.v1.NotifyService/ListNotices':
        return this.ok({ notices: [...this.notices].reverse() });
      case 'gridwarden.notify.v1.NotifyService/MarkRead':
        return this.markRead(request['names'] as string[]);
      case 'gridwarden.source.v1.SourceService/ListCategories':
        return this.ok({
          categories: [{ code: 'SSP', checklists: ['SSP_SURVEY'], needs: { closing: [{ items: ['SSP_CLOSURE.POWER_CUT'] }] } }],
          reasons: [{ kind: 'RETURN', reasons: [{ code: 'NOT_OURS', zh: '不属本单位', en: 'not ours' }] }],
        });
      case 'gridwarden.source.v1.SourceService/GetChecklist': {
        const name = String(request['name']);
        if (name === 'checklists/OLD') return this.error(404, 'not_found', 'NOT_FOUND');
        return this.ok({ name, code: name.slice(11), items: [], ruleVersion: '1' });
      }
      case 'gridwarden.grid.v1.GridService/GetGridMap':
        if (request['etag'] === this.mapEtag) return this.ok({ unchanged: true, etag: this.mapEtag });
        return this.ok({ etag: this.mapEtag, outlines: [{ division: request['division'], name: '灈阳街道', level: 'TOWNSHIP' }] });
      case 'gridwarden.journal.v1.JournalService/GetReceipt': {
        const id = String(request['requestId']);
        if (!this.operations.has(id)) return this.error(404, 'not_found', 'NOT_FOUND');
        return this.ok({ requestId: id, state: this.sealed.has(id) ? 'SEALED' : 'SEQUENCED' });
      }
      default: {
        const answer = this.answers.get(rpc);
        if (answer === undefined) return this.error(404, 'unimplemented', 'METHOD_UNKNOWN');
        const value = answer(request);
        return value instanceof Response ? value : this.ok(value);
      }
    }
  }

  // Signing in.

  private newTokens(account: Record<string, unknown>, family: number): Record<string, unknown> {
    const access = `access-${++this.ids}`;
    const refresh = `refresh-${++this.ids}`;
    this.tokens.set(access, { account: String(account['name']), untilMs: this.nowMs + this.accessLifeMs });
    this.refresh.set(refresh, { account: String(account['login']), family, replacedMs: null });
    return { accessToken: access, refreshToken: refresh, account };
  }

  private signIn(request: Record<string, string>): Response {
    const person = this.people.get(request['login'] ?? '');
    if (person === undefined || person.password !== request['password']) return this.error(401, 'unauthenticated', 'SIGN_IN_REFUSED');
    if ((request['client'] ?? '').startsWith('console')) throw new Error('a phone must not ask for a session of the console');
    return this.ok(this.newTokens(person.account, ++this.ids));
  }

  private refreshTokens(token: string): Response {
    const held = this.refresh.get(token);
    if (held === undefined || this.endedFamilies.has(held.family)) return this.error(401, 'unauthenticated', 'NOT_SIGNED_IN');
    if (held.replacedMs !== null && this.nowMs - held.replacedMs > 10_000) {
      this.endedFamilies.add(held.family);
      return this.error(401, 'unauthenticated', 'REFRESH_TOKEN_REUSED');
    }
    held.replacedMs ??= this.nowMs;
    return this.ok(this.newTokens(this.people.get(held.account)!.account, held.family));
  }

  /** Every session ends: an administrator, or 45 days. */
  endSessions(): void {
    this.tokens.clear();
    for (const each of this.refresh.values()) this.endedFamilies.add(each.family);
  }

  expireAccess(): void {
    this.tokens.clear();
  }

  private caller(headers: Headers): string | null {
    const token = (headers.get('Authorization') ?? '').replace('Bearer ', '');
    const held = this.tokens.get(token);
    return held === undefined || held.untilMs <= this.nowMs ? null : held.account;
  }

  // Devices and operations.

  private async register(request: Record<string, unknown>, account: string): Promise<Response> {
    const id = String(request['deviceId']);
    const publicKey = String(request['publicKey']);
    const raw = Uint8Array.from(atob(publicKey), (each) => each.charCodeAt(0));
    if (raw.length !== 65 || raw[0] !== 4) return this.error(400, 'invalid_argument', 'INVALID_FIELD');
    const proof = `gridwarden/device/v1\n${id}\n${account}`;
    if (!(await verified(publicKey, String(request['signature']), proof))) return this.error(400, 'invalid_argument', 'SIGNATURE_INVALID');
    const held = this.devices.get(id);
    if (held !== undefined && (held.publicKey !== publicKey || held.account !== account)) {
      return this.error(409, 'already_exists', 'DEVICE_ID_TAKEN');
    }
    const device = held ?? { id, account, publicKey, replaces: String(request['replaces'] ?? ''), revoked: false, seqs: new Map() };
    this.devices.set(id, device);
    return this.ok({ name: `devices/${id}`, account });
  }

  private device(request: Record<string, unknown>, account: string): ModelDevice | Response {
    const device = this.devices.get(String(request['device']).replace('devices/', ''));
    if (device === undefined || device.account !== account) return this.error(400, 'failed_precondition', 'DEVICE_UNKNOWN');
    if (device.revoked) return this.error(400, 'failed_precondition', 'DEVICE_REVOKED');
    return device;
  }

  private async push(request: Record<string, unknown>, account: string): Promise<Response> {
    const device = this.device(request, account);
    if (device instanceof Response) return device;
    const operations = (request['operations'] ?? []) as { body: string; signature: string }[];
    if (operations.length > 50) return this.error(400, 'invalid_argument', 'INVALID_FIELD');
    if (operations.reduce((sum, each) => sum + each.body.length, 0) > 256 * 1024)
      return this.error(429, 'resource_exhausted', 'MESSAGE_TOO_LARGE');
    const results: Record<string, unknown>[] = [];
    for (const each of operations) results.push(await this.take(device, each, account));
    const digests = [...(this.named.get(device.id) ?? [])];
    const since = Number(String(request['timeToken'] ?? '').replace('token-', '') || 0);
    const highest = Math.max(0, ...device.seqs.keys());
    const missing: string[] = [];
    for (let seq = 1; seq < highest; seq++) if (!device.seqs.has(seq)) missing.push(String(seq));
    return this.ok({
      results,
      serverTime: new Date(this.nowMs).toISOString(),
      timeToken: `token-${this.tick()}`,
      missingPhotos: digests.filter((each) => !this.photos.has(each)).slice(0, 200),
      photoReceipts: digests
        .filter((each) => (this.verifiedMs.get(each) ?? 0) > since)
        .slice(0, 200)
        .map((each) => ({ sha256: each, receipt: `receipt ${each}` })),
      contiguousSeq: String(highest),
      missingSeqs: missing.slice(0, 100),
    });
  }

  private async take(device: ModelDevice, signed: { body: string; signature: string }, account: string): Promise<Record<string, unknown>> {
    const body = JSON.parse(signed.body) as Record<string, unknown> & { photos?: { sha256: string }[]; after?: string[] };
    const opId = String(body['opId']);
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(opId)) throw new Error(`not a UUIDv7: ${opId}`);
    const refused = (reason: string) => ({ opId, verdict: 'REFUSED', reason, messageZh: `中文:${reason}` });
    if (!(await verified(device.publicKey, signed.signature, `gridwarden/op/v1\n${signed.body}`))) return refused('SIGNATURE_INVALID');
    const held = this.operations.get(opId);
    if (held !== undefined && held.body !== signed.body) return refused('OPERATION_ID_REUSED');
    if (held !== undefined) {
      const { verdict } = held.result;
      return { ...held.result, verdict: verdict === 'ACCEPTED' ? 'DUPLICATE' : verdict };
    }
    const seq = Number(body['seq']);
    const hash = hex(await sha256(utf8(signed.body)));
    const flags: string[] = [];
    const same = device.seqs.get(seq);
    if (same !== undefined) flags.push('CHAIN_FORK');
    const before = device.seqs.get(seq - 1);
    if (seq > 1 && before === undefined) flags.push('CHAIN_GAP');
    if (before !== undefined && before.hash !== body['prevHash']) flags.push('CHAIN_FORK');
    if (seq === 1 && body['prevHash'] !== '') flags.push('CHAIN_FORK');
    const waiting = (body.after ?? []).find((each) => !this.operations.has(each));
    if (waiting !== undefined) return { opId, verdict: 'WAITING', reason: 'PREDECESSOR_MISSING', retryAfterMs: 1000 };
    const rpc = String(body['rpc']);
    if (this.unreachable.has(rpc)) return { opId, verdict: 'WAITING', reason: 'AREA_UNREACHABLE', retryAfterMs: 2000 };
    device.seqs.set(seq, { opId, hash, prev: String(body['prevHash']) });
    const named = this.named.get(device.id) ?? new Set<string>();
    for (const each of body.photos ?? []) named.add(each.sha256);
    this.named.set(device.id, named);
    const outcome = this.replay(
      { rpc, request: JSON.parse(String(body['request'])) as Record<string, unknown>, subject: String(body['subject']) },
      opId,
    );
    const result = {
      opId,
      ...outcome,
      flags,
      time: { grade: 'B', receiveTime: new Date(this.nowMs).toISOString() },
      receipt: `op receipt ${opId}`,
    };
    this.operations.set(opId, { body: signed.body, result, account });
    return result;
  }

  /** The ordinary rpc. */
  private replay(doing: Doing, opId: string): Record<string, unknown> {
    const { rpc, request, subject } = doing;
    const verb = rpc.slice(rpc.indexOf('/') + 1);
    const kind = subject.startsWith('cases/') ? 'CASE' : subject.startsWith('signals/') ? 'SIGNAL' : 'PATROL_TASK';
    const held = this.records.get(`${kind}:${subject}`);
    const refused = (reason: string) => ({
      verdict: 'REFUSED',
      reason,
      messageZh: `中文:${reason}`,
      ...(held === undefined ? {} : { answer: JSON.stringify(held.json) }),
    });
    const asserted = (reason: string) => {
      this.observations.push({ opId, subject, reason });
      return { verdict: 'ASSERTED', reason, answer: JSON.stringify(held?.json ?? {}) };
    };
    const move = (state: string, open: boolean, assigned: boolean) => {
      this.effects.push(doing);
      const now = this.put({ kind, name: subject, open, assigned, json: { ...held!.json, state } });
      return { verdict: 'ACCEPTED', answer: JSON.stringify(verb === 'SubmitVisit' ? { name: `${subject}/visits/v` } : now.json) };
    };
    if (verb === 'SubmitSignal') {
      if ((request['signal'] as { description?: string } | undefined)?.description === 'BAD') return refused('INVALID_FIELD');
      this.effects.push(doing);
      const now = this.put({
        kind: 'SIGNAL',
        name: subject,
        open: true,
        assigned: false,
        json: { ...(request['signal'] as object), state: 'NEW' },
      });
      return { verdict: 'ACCEPTED', answer: JSON.stringify(now.json) };
    }
    if (held === undefined) return refused('NOT_FOUND');
    const state = held.json['state'];
    switch (verb) {
      case 'StartPatrolTask':
        return state === 'ISSUED' ? move('STARTED', true, true) : refused('ILLEGAL_TRANSITION');
      case 'SubmitVisit':
        return state === 'ISSUED' || state === 'STARTED' ? move('DONE', false, false) : asserted('ILLEGAL_TRANSITION');
      case 'AcceptCase':
        return state === 'DISPATCHED' ? move('HANDLING', true, true) : refused('ILLEGAL_TRANSITION');
      case 'SubmitFeedback':
        return state === 'HANDLING' ? move('FEEDBACK', true, false) : asserted('ILLEGAL_TRANSITION');
      case 'RecordObservation':
        this.effects.push(doing);
        this.observations.push({ opId, subject, reason: '' });
        return { verdict: 'ACCEPTED', answer: JSON.stringify({ name: `observations/${opId}` }) };
      default:
        return refused('NOT_OFFLINE');
    }
  }

  private async pull(request: Record<string, unknown>, account: string): Promise<Response> {
    const device = this.device(request, account);
    if (device instanceof Response) return device;
    const [epoch, scope, at] = String(request['cursor'] || `${this.epoch}.${this.scope}.0`)
      .split('.')
      .map(Number) as [number, number, number];
    let reset: string | null = null;
    if (epoch !== this.epoch) reset = 'OTHER_LOG';
    else if (scope !== this.scope) reset = 'SCOPE_CHANGED';
    const held = request['held'] as { count?: number; hash?: string } | undefined;
    const digest = await this.digest();
    if (reset === null && held !== undefined && at === this.index && (held.count !== digest.count || held.hash !== digest.hash))
      reset = 'DRIFT';
    if (reset !== null) this.resets += 1;
    if (reset !== null) return this.ok({ reset: true, resetReason: reset, more: true, nextCursor: '' });
    const from = at;
    const size = Math.min(Number(request['pageSize'] || 200), this.pageMax);
    const changed = [...this.records.values()].filter((each) => each.index > from).sort((a, b) => a.index - b.index);
    const page = changed.slice(0, size);
    const more = changed.length > page.length;
    const last = more ? page[page.length - 1]!.index : this.index;
    const begins = from === 0;
    return this.ok({
      records: page
        .filter((each) => each.gone === undefined)
        .map((each) => ({
          kind: each.kind,
          name: each.name,
          revision: String(each.revision),
          index: String(each.index),
          json: JSON.stringify(each.json),
          ...(each.open ? { open: true } : {}),
          ...(each.assigned ? { assigned: true } : {}),
        })),
      tombstones: begins
        ? []
        : page
            .filter((each) => each.gone !== undefined)
            .map((each) => ({ kind: each.kind, name: each.name, reason: each.gone, index: String(each.index) })),
      nextCursor: `${this.epoch}.${this.scope}.${last}`,
      ...(more ? { more: true } : { scopeDigest: digest }),
      serverTime: new Date(this.nowMs).toISOString(),
      timeToken: `token-${this.tick()}`,
      asOfIndex: String(last),
      posts: [{ post: 'posts/1', kind: 'GRID_OFFICER', division: 'divisions/1', divisionDisplayName: '灈阳街道', level: 'TOWNSHIP' }],
      displayNames: { 'divisions/1': '灈阳街道' },
      checkpoint: `gridwarden\n${this.index}\nroot\n`,
    });
  }

  private markRead(names: string[]): Response {
    for (const name of names) {
      const notice = this.notices.find((each) => each.name === name);
      if (notice === undefined) return this.error(404, 'not_found', 'NOTICE_NOT_YOURS', { resource: name });
    }
    for (const notice of this.notices) if (names.includes(notice.name)) notice.readTime ??= new Date(this.nowMs).toISOString();
    return this.ok({ changed: names.length });
  }

  // Photos.

  private async files(method: string, path: string, headers: Headers, body: Uint8Array<ArrayBuffer>, account: string): Promise<Response> {
    if (headers.get('Tus-Resumable') !== '1.0.0') return this.error(412, 'failed_precondition', 'MALFORMED_REQUEST');
    const standing = (upload: ModelUpload, status: number): Response =>
      new Response(null, {
        status,
        headers: {
          'Tus-Resumable': '1.0.0',
          'Upload-Offset': String(upload.bytes.length),
          'Upload-Length': String(upload.size),
          'Upload-Complete': upload.complete ? '?1' : '?0',
          Location: `/files/${upload.id}`,
        },
      });
    if (method === 'POST' && path === '/files') {
      const metadata = new Map(
        (headers.get('Upload-Metadata') ?? '').split(',').map((each) => {
          const [key, value] = each.trim().split(' ');
          return [key!, atob(value ?? '')] as const;
        }),
      );
      const sha = metadata.get('sha256') ?? '';
      const size = Number(headers.get('Upload-Length'));
      if (!/^[0-9a-f]{64}$/.test(sha) || !(size > 0)) return this.error(400, 'invalid_argument', 'INVALID_FIELD');
      const held = [...this.uploads.values()].find((each) => each.sha256 === sha && each.account === account);
      const upload = held ?? { id: `u${++this.ids}`, sha256: sha, size, bytes: new Uint8Array(), complete: false, account };
      this.uploads.set(upload.id, upload);
      return standing(upload, 201);
    }
    const upload = this.uploads.get(path.slice('/files/'.length));
    if (upload === undefined || upload.account !== account) return this.error(404, 'not_found', 'NOT_FOUND');
    if (method === 'HEAD') {
      await this.verify(upload);
      return standing(upload, 200);
    }
    if (method !== 'PATCH') return this.error(400, 'invalid_argument', 'MALFORMED_REQUEST');
    if (headers.get('Content-Type') !== 'application/offset+octet-stream') return this.error(415, 'invalid_argument', 'MALFORMED_REQUEST');
    if (body.length === 0 || body.length > 1024 * 1024) return this.error(413, 'resource_exhausted', 'MESSAGE_TOO_LARGE');
    if (Number(headers.get('Upload-Offset')) !== upload.bytes.length) return standing(upload, 409);
    const left = this.spoil.get(upload.sha256) ?? 0;
    const arrived = copy(body);
    if (left > 0) {
      this.spoil.set(upload.sha256, left - 1);
      arrived[0] = arrived[0]! ^ 0xff;
    }
    const digest = btoa(String.fromCharCode(...(await sha256(arrived))));
    if (headers.get('Upload-Checksum') !== `sha256 ${digest}`) {
      return new Response(null, { status: 460, headers: { 'Upload-Offset': String(upload.bytes.length), 'Tus-Resumable': '1.0.0' } });
    }
    this.pieces.push({ sha256: upload.sha256, offset: upload.bytes.length, length: arrived.length });
    upload.bytes = joined(upload.bytes, arrived);
    if (upload.bytes.length === upload.size && !(await this.verify(upload))) {
      upload.bytes = new Uint8Array();
      return new Response(null, { status: 460, headers: { 'Upload-Offset': '0', 'Tus-Resumable': '1.0.0' } });
    }
    return standing(upload, 204);
  }

  private async verify(upload: ModelUpload): Promise<boolean> {
    if (upload.complete || upload.bytes.length !== upload.size) return upload.complete;
    upload.complete = hex(await sha256(copy(upload.bytes))) === upload.sha256;
    if (upload.complete) {
      this.photos.set(upload.sha256, upload.bytes);
      this.verifiedMs.set(upload.sha256, this.tick());
    }
    return upload.complete;
  }
}

async function verified(publicKey: string, signature: string, text: string): Promise<boolean> {
  const raw = (each: string) => Uint8Array.from(atob(each), (one) => one.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', raw(publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw(signature), utf8(text));
}

async function bytesOf(body: BodyInit | null | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null || body === undefined) return new Uint8Array();
  return new Uint8Array(await new Response(body).arrayBuffer());
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}

function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
