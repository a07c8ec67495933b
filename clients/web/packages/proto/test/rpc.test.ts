// @vitest-environment node
import { expect, test, vi } from 'vitest';
import { callRpc, RpcError } from '../src/index';

function answering(status: number, body: string, headers: Record<string, string> = {}) {
  return vi.fn((_input: RequestInfo | URL, _init?: RequestInit) => Promise.resolve(new Response(body, { status, headers })));
}

async function failed(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const GET_ME = 'gridwarden.identity.v1.IdentityService/GetMe';

test('a call is a POST of JSON with the token and a time limit', async () => {
  const fetch = answering(200, '{"name":"accounts/1"}');
  expect(await callRpc(GET_ME, {}, { origin: 'https://gridwarden.test', token: 't', fetch, timeoutMs: 3000 })).toEqual({
    name: 'accounts/1',
  });
  const [url, init] = fetch.mock.calls[0]!;
  expect(url).toBe(`https://gridwarden.test/${GET_ME}`);
  expect(init).toMatchObject({ method: 'POST', body: '{}', credentials: 'omit' });
  expect(init!.headers).toMatchObject({ Authorization: 'Bearer t', 'Content-Type': 'application/json', 'Connect-Timeout-Ms': '3000' });
});

test('what is large goes packed and is the same', async () => {
  const fetch = answering(200, '');
  const request = { note: '烟'.repeat(2000) };
  expect(await callRpc('x.Y/Z', request, { fetch })).toEqual({});
  const init = fetch.mock.calls[0]![1]!;
  expect((init.headers as Record<string, string>)['Content-Encoding']).toBe('gzip');
  const bytes = init.body as Uint8Array<ArrayBuffer>;
  expect(bytes.length).toBeLessThan(200);
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  expect(JSON.parse(text)).toEqual(request);
});

test('an error of the gateway is read whole', async () => {
  const body = JSON.stringify({
    code: 'failed_precondition',
    message: 'case is CLOSED',
    details: [
      {
        type: 'google.rpc.ErrorInfo',
        value: 'x',
        debug: { reason: 'ILLEGAL_TRANSITION', domain: 'gridwarden', metadata: { state: 'CLOSED' } },
      },
      { type: 'google.rpc.BadRequest', debug: { fieldViolations: [{ field: 'visit.result', description: 'got none' }] } },
      { type: 'google.rpc.RetryInfo', debug: { retryDelay: '1.500s' } },
      { type: 'google.rpc.LocalizedMessage', debug: { locale: 'zh-CN', message: '当前状态不能执行' } },
      { type: 'some.newer.Detail', value: 'x' },
    ],
  });
  const error = await failed(callRpc(GET_ME, {}, { fetch: answering(400, body) }));
  expect(error).toMatchObject({
    code: 'failed_precondition',
    reason: 'ILLEGAL_TRANSITION',
    messageZh: '当前状态不能执行',
    messageEn: 'case is CLOSED',
    facts: { state: 'CLOSED' },
    fields: [{ field: 'visit.result', description: 'got none' }],
    retryAfterMs: 1500,
    passing: false,
  });
});

test('a proxy that answers in HTML is judged by its status', async () => {
  const busy = await failed(callRpc(GET_ME, {}, { fetch: answering(502, '<html>', { 'Retry-After': '7' }) }));
  expect(busy).toMatchObject({ code: 'unavailable', retryAfterMs: 7000, passing: true });
  const portal = await failed(callRpc(GET_ME, {}, { fetch: answering(200, '<html>请先登录 Wi-Fi</html>') }));
  expect(portal).toMatchObject({ code: 'unavailable', reason: 'ANSWER_UNREADABLE', passing: true });
  const out = await failed(callRpc(GET_ME, {}, { fetch: answering(401, '') }));
  expect(out).toMatchObject({ code: 'unauthenticated', reason: 'NOT_SIGNED_IN' });
});

test('no network and no answer in time are told apart', async () => {
  const none = await failed(callRpc(GET_ME, {}, { fetch: () => Promise.reject(new TypeError('Failed to fetch')) }));
  expect(none).toMatchObject({ reason: 'OFFLINE', passing: true });
  const silent: typeof globalThis.fetch = (_input, init) =>
    new Promise((_resolve, reject) => {
      const abort = (): void => reject(new DOMException('aborted', 'AbortError'));
      if (init!.signal!.aborted) abort();
      else init!.signal!.addEventListener('abort', abort);
    });
  expect(await failed(callRpc(GET_ME, {}, { fetch: silent, timeoutMs: 20 }))).toMatchObject({
    code: 'deadline_exceeded',
    reason: 'TIMEOUT',
  });
  const stop = new AbortController();
  const stopped = failed(callRpc(GET_ME, {}, { fetch: silent, signal: stop.signal }));
  stop.abort();
  expect(await stopped).toMatchObject({ reason: 'OFFLINE' });
});
