// Calls by the Connect protocol: one POST of JSON, answered by JSON or by an error that names its reason.
import type { RequestOf, ResponseOf, RpcName } from './index';
import { errorFromAnswer, offlineError, RpcError, timeoutError } from './error';

export interface RpcOptions {
  /** Of the gateway; "" is where the page came from. */
  origin?: string;
  /** Access token. */
  token?: string | null;
  timeoutMs?: number;
  signal?: AbortSignal;
  fetch?: typeof globalThis.fetch;
}

const TIMEOUT_MS = 15_000;
/** Below this a gzip body saves no packet. */
const GZIP_WORTH_BYTES = 1024;

/** Calls an rpc. Fails with RpcError only. Field names of the request are written in camelCase, enums by name, int64 as text. */
export function callRpc<R extends RpcName>(rpc: R, request: RequestOf<R>, options?: RpcOptions): Promise<ResponseOf<R>>;
export function callRpc<T>(rpc: string, request: object, options?: RpcOptions): Promise<T>;
export async function callRpc<T>(rpc: string, request: object, options: RpcOptions = {}): Promise<T> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Connect-Protocol-Version': '1',
    'Connect-Timeout-Ms': String(timeoutMs),
  };
  if (options.token) headers['Authorization'] = `Bearer ${options.token}`;
  let body: string | Uint8Array<ArrayBuffer> = JSON.stringify(request);
  const packed = await gzip(body);
  if (packed !== null) {
    body = packed;
    headers['Content-Encoding'] = 'gzip';
  }
  const answer = await send(
    `${options.origin ?? ''}/${rpc}`,
    { method: 'POST', headers, body, cache: 'no-store' },
    { ...options, timeoutMs },
  );
  if (!answer.ok) throw errorFromAnswer(answer.status, answer.text, answer.retryAfter);
  try {
    return (answer.text === '' ? {} : JSON.parse(answer.text)) as T;
  } catch {
    // A captive portal or a proxy answers 200 with its own page.
    throw new RpcError(
      'unavailable',
      'ANSWER_UNREADABLE',
      '收到的不是平台的应答，请检查网络（可能需要先登录无线网络）',
      `Not JSON: ${answer.text.slice(0, 80)}`,
    );
  }
}

interface Answer {
  ok: boolean;
  status: number;
  text: string;
  retryAfter: string | null;
}

/** One request with a time limit that also covers the body of the answer. */
async function send(url: string, init: RequestInit, options: RpcOptions & { timeoutMs: number }): Promise<Answer> {
  const stop = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop.abort();
  }, options.timeoutMs);
  const abort = (): void => stop.abort();
  options.signal?.addEventListener('abort', abort);
  if (options.signal?.aborted) stop.abort();
  try {
    const response = await (options.fetch ?? globalThis.fetch)(url, {
      ...init,
      signal: stop.signal,
      credentials: 'omit',
      redirect: 'error',
    });
    return { ok: response.ok, status: response.status, text: await response.text(), retryAfter: response.headers.get('Retry-After') };
  } catch {
    if (timedOut) throw timeoutError(options.timeoutMs);
    throw offlineError();
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** A signal that ends a request after `ms`: AbortSignal.timeout, also where the browser has none. */
export function timeLimit(ms: number): AbortSignal {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), ms);
  return stop.signal;
}

/** The text packed, where that is worth it and the browser can. */
async function gzip(text: string): Promise<Uint8Array<ArrayBuffer> | null> {
  if (text.length < GZIP_WORTH_BYTES || typeof CompressionStream === 'undefined') return null;
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
