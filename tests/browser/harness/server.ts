// The server under test as somebody who stands beside it sees it: by its rpcs and by its database.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import type { RequestOf, ResponseOf, RpcName } from '@gridwarden/proto';
import type { Server as Address } from './faulty_network.ts';

/** What world.py made. */
export interface World {
  port: number;
  key: string;
  certificate: string;
  authority: string;
  database: string;
  socket: string;
  password: string;
  adminPassword: string;
  /** login -> who that is. */
  people: Record<string, { name: string; kind: string; division: string; post: string }>;
  /** code -> resource name. */
  divisions: Record<string, string>;
  /** A signal that waits for a leader's decision, a case that wants a leader's signature. */
  toDecide: string;
  toSign: string;
  screens: string;
  writeGolden: boolean;
  failures: string;
  /** The engine without screens. */
  engine: string;
}

export class RefusedError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(rpc: string, status: number, body: string) {
    super(`${rpc}: HTTP ${status} ${body.slice(0, 400)}`);
    this.status = status;
    this.code = String((JSON.parse(body || '{}') as { code?: string }).code);
  }
}

export class Server {
  readonly world: World;
  readonly address: Address;
  readonly #agent: https.Agent;
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(world: World) {
    this.world = world;
    const [key, certificate, authority] = [world.key, world.certificate, world.authority].map((path) => readFileSync(path, 'utf8')) as [
      string,
      string,
      string,
    ];
    this.address = { port: world.port, key, certificate, authority };
    this.#agent = new https.Agent({ keepAlive: true, ca: authority });
  }

  async call<R extends RpcName>(
    login: string | null,
    rpc: R,
    request: RequestOf<R>,
    demoTime: string | null = null,
  ): Promise<ResponseOf<R>> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (login !== null) headers['authorization'] = `Bearer ${await this.token(login)}`;
    if (demoTime !== null) headers['gridwarden-demo-time'] = demoTime;
    const answer = await this.send('POST', `/${rpc}`, headers, JSON.stringify(request));
    if (answer.status !== 200) throw new RefusedError(rpc, answer.status, answer.body.toString());
    return JSON.parse(answer.body.toString()) as ResponseOf<R>;
  }

  token(login: string): Promise<string> {
    let token = this.#tokens.get(login);
    if (!token) {
      const password = login === 'admin' ? this.world.adminPassword : this.world.password;
      token = this.call(null, 'gridwarden.identity.v1.IdentityService/SignIn', { login, password }).then(
        (answer) => answer.accessToken ?? '',
      );
      this.#tokens.set(login, token);
    }
    return token;
  }

  send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const request = https.request({ host: '127.0.0.1', port: this.world.port, method, path, headers, agent: this.#agent }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }));
        answer.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Asks the database behind the server's back. */
  sql(statement: string): string[][] {
    const out = execFileSync(
      'mariadb',
      [
        '--no-defaults',
        `--socket=${this.world.socket}`,
        '--user=root',
        `--database=${this.world.database}`,
        '--batch',
        '--skip-column-names',
        '-e',
        statement,
      ],
      { encoding: 'utf8' },
    );
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
  }

  post(login: string): string {
    return this.world.people[login]?.post ?? '';
  }

  division(code: string): string {
    return this.world.divisions[code] ?? '';
  }

  /** Plans an inspection for somebody's post; answers its resource name. */
  async plan(login: string, title: string, more: Record<string, unknown> = {}, demoTime: string | null = null): Promise<string> {
    const dueTime = new Date((demoTime === null ? Date.now() : Date.parse(demoTime)) + 4 * 3_600_000).toISOString();
    const task = await this.call(
      'G001',
      'gridwarden.patrol.v1.PatrolService/CreatePatrolTask',
      {
        requestId: newId(),
        patrolTask: { division: this.division('411702001201'), category: 'WASTE_BURNING', post: this.post(login), title, dueTime, ...more },
      },
      demoTime,
    );
    return task.name ?? '';
  }

  async visits(task: string): Promise<NonNullable<ResponseOf<'gridwarden.patrol.v1.PatrolService/ListVisits'>['visits']>> {
    return (await this.call('G001', 'gridwarden.patrol.v1.PatrolService/ListVisits', { parent: task })).visits ?? [];
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A UUIDv7. */
export function newId(): string {
  const raw = randomBytes(16);
  raw.writeUIntBE(Date.now(), 0, 6);
  raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x70;
  raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
  const hex = raw.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
