// The network between a phone and the server, as bad as a test wants it: a proxy that ends TLS with the server's own certificate, hands
// requests on, and loses, cuts, delays or refuses what it is told to. It remembers every request.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export type Fault =
  /** The server never sees it. */
  | { kind: 'lose the request' }
  /** The server does it; nobody hears of it. */
  | { kind: 'lose the answer' }
  /** The server sees this many bytes of the body, then the line breaks. */
  | { kind: 'cut the request'; bytes: number }
  | { kind: 'cut the answer'; bytes: number }
  | { kind: 'refuse'; status: number; retryAfterS?: number }
  /** The server never sees it, and somebody on the way says that all is well. */
  | { kind: 'pretend'; status: number; headers: Record<string, string> };

export interface Passed {
  method: string;
  path: string;
  /** What the phone was told; 0 when the line broke. */
  status: number;
  /** What the server said, whether or not the phone heard it; 0 when it was not asked. */
  served: number;
  requestBytes: number;
  fault: Fault['kind'] | null;
}

interface Rule {
  path: RegExp;
  method: string | null;
  fault: Fault;
  left: number;
}

export interface Server {
  port: number;
  key: string;
  certificate: string;
  authority: string;
}

export class FaultyNetwork {
  readonly passed: Passed[] = [];
  /** Nothing gets through; open connections broke. */
  #down = false;
  #rules: Rule[] = [];
  #delayMs = 0;
  /** Sent with every request: what a demo server takes for now. */
  demoTime: string | null = null;
  /** Pages of the tests' own, beside the application's. */
  readonly #pages = new Map<string, { type: string; body: string }>();
  readonly #secure: https.Server;
  readonly #plain: http.Server;
  readonly #agent: https.Agent;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.#agent = new https.Agent({ keepAlive: true, ca: server.authority });
    const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => void this.#handle(request, response);
    this.#secure = https.createServer({ key: server.key, cert: server.certificate }, handle);
    this.#plain = http.createServer(handle);
    for (const listener of [this.#secure, this.#plain]) {
      listener.on(listener === this.#secure ? 'secureConnection' : 'connection', (socket: Socket) => {
        if (this.#down) return void socket.destroy();
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => socket.destroy());
      });
    }
  }

  static async open(server: Server): Promise<FaultyNetwork> {
    const network = new FaultyNetwork(server);
    for (const listener of [network.#secure, network.#plain]) {
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    }
    return network;
  }

  get port(): number {
    return (this.#secure.address() as AddressInfo).port;
  }

  /** The same server without TLS. */
  get plainPort(): number {
    return (this.#plain.address() as AddressInfo).port;
  }

  /** The next `times` requests to such a path meet this. */
  fail(path: RegExp, fault: Fault, times = 1, method: string | null = null): Rule {
    const rule = { path, method, fault, left: times };
    this.#rules.push(rule);
    return rule;
  }

  /** Answers this path by itself. */
  page(path: string, type: string, body: string): void {
    this.#pages.set(path, { type, body });
  }

  heal(): void {
    this.#rules = [];
    this.#down = false;
    this.#delayMs = 0;
  }

  breakDown(): void {
    this.#down = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  count(path: RegExp, method: string | null = null): number {
    return this.passed.filter((one) => path.test(one.path) && (method === null || one.method === method)).length;
  }

  async close(): Promise<void> {
    this.breakDown();
    this.#agent.destroy();
    await Promise.all([this.#secure, this.#plain].map((listener) => new Promise((resolve) => listener.close(resolve))));
  }

  #ruleFor(method: string, path: string): Fault | null {
    const rule = this.#rules.find((one) => one.left > 0 && one.path.test(path) && (one.method === null || one.method === method));
    if (!rule) return null;
    rule.left -= 1;
    return rule.fault;
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const method = request.method ?? 'GET';
    const fault = this.#ruleFor(method, path);
    const line: Passed = { method, path, status: 0, served: 0, requestBytes: 0, fault: fault?.kind ?? null };
    this.passed.push(line);
    try {
      const body = await bytesOf(request);
      const page = this.#pages.get(path);
      if (page && !this.#down)
        return void response.writeHead(200, { 'content-type': page.type, 'cache-control': 'no-store' }).end(page.body);
      line.requestBytes = body.length;
      if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
      if (this.#down || fault?.kind === 'lose the request') return void response.destroy();
      if (fault?.kind === 'refuse') {
        const headers = {
          'content-type': 'application/json',
          ...(fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) }),
        };
        line.status = fault.status;
        response.writeHead(fault.status, headers).end('{"code":"unavailable","message":"the network says no"}');
        return;
      }
      if (fault?.kind === 'pretend') {
        line.status = fault.status;
        return void response.writeHead(fault.status, fault.headers).end();
      }
      if (fault?.kind === 'cut the request') {
        await this.#sendPart(request, body, fault.bytes);
        return void response.destroy();
      }
      const answer = await this.#send(request, body);
      line.served = answer.status;
      if (this.#down || fault?.kind === 'lose the answer') return void response.destroy();
      if (fault?.kind === 'cut the answer') {
        response.writeHead(answer.status, answer.headers);
        response.write(answer.body.subarray(0, fault.bytes), () => response.destroy());
        return;
      }
      line.status = answer.status;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch (error) {
      if (process.env['GRIDWARDEN_TRACE']) console.error(path, String(error));
      response.destroy();
    }
  }

  #options(request: http.IncomingMessage): https.RequestOptions {
    const headers: http.OutgoingHttpHeaders = { ...request.headers };
    if (this.demoTime !== null) headers['gridwarden-demo-time'] = this.demoTime;
    return {
      host: '127.0.0.1',
      port: this.#server.port,
      method: request.method,
      path: request.url,
      headers,
      agent: this.#agent,
      servername: 'localhost',
    };
  }

  #send(request: http.IncomingMessage, body: Buffer): Promise<{ status: number; headers: http.OutgoingHttpHeaders; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const onward = https.request(this.#options(request), (answer) => {
        bytesOf(answer).then((bytes) => {
          const headers: http.OutgoingHttpHeaders = { ...answer.headers };
          delete headers['transfer-encoding'];
          delete headers['connection'];
          // What a HEAD would have brought stays named.
          if (request.method !== 'HEAD') headers['content-length'] = bytes.length;
          resolve({ status: answer.statusCode ?? 502, headers, body: bytes });
        }, reject);
      });
      onward.on('error', reject);
      onward.end(body);
    });
  }

  /** Sends the head and the first bytes, lets them arrive, and breaks the line. */
  #sendPart(request: http.IncomingMessage, body: Buffer, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const onward = https.request({ ...this.#options(request), agent: false, ca: this.#server.authority });
      onward.on('error', () => resolve());
      onward.flushHeaders();
      onward.write(body.subarray(0, bytes), () => {
        setTimeout(() => {
          onward.destroy();
          resolve();
        }, 50);
      });
    });
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
