/** Why a call failed: refused by the server, or not reached. Branch on `reason`, show the sentence. */
export class RpcError extends Error {
  constructor(
    /** Connect code: "unavailable", "permission_denied" ... */
    readonly code: string,
    /** ErrorReason: "ILLEGAL_TRANSITION" ...; made here: "OFFLINE", "TIMEOUT", "ANSWER_UNREADABLE". */
    readonly reason: string,
    readonly messageZh: string,
    readonly messageEn: string,
    readonly facts: Record<string, string> = {},
    readonly fields: { field: string; description: string }[] = [],
    readonly retryAfterMs: number | null = null,
  ) {
    super(messageEn || reason);
    this.name = 'RpcError';
  }

  /** Nothing is known of what became of the call, or the server could not take it now: the same call may be sent again. */
  get passing(): boolean {
    return PASSING.has(this.code);
  }
}

const PASSING = new Set([
  'unavailable',
  'deadline_exceeded',
  'resource_exhausted',
  'aborted',
  'canceled',
  'internal',
  'unknown',
  'data_loss',
]);

interface Detail {
  type?: string;
  debug?: {
    reason?: string;
    metadata?: Record<string, string>;
    fieldViolations?: { field?: string; description?: string }[];
    retryDelay?: string;
    locale?: string;
    message?: string;
  };
}

/** Reads the body of a failed answer as the gateway writes it (Connect); anything else becomes an error by its HTTP status. */
export function errorFromAnswer(status: number, body: string, retryAfter: string | null): RpcError {
  let code = codeOfStatus(status);
  let message = `HTTP ${status}`;
  let details: Detail[] = [];
  try {
    const parsed = JSON.parse(body) as { code?: string; message?: string; details?: Detail[] };
    if (typeof parsed.code === 'string') code = parsed.code;
    if (typeof parsed.message === 'string') message = parsed.message;
    if (Array.isArray(parsed.details)) details = parsed.details;
  } catch {
    // A proxy on the way answers in HTML: its status has to do.
  }
  let reason = '';
  let sentence = '';
  let facts: Record<string, string> = {};
  const fields: { field: string; description: string }[] = [];
  let retryAfterMs = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : null;
  for (const { type, debug } of details) {
    if (debug === undefined) continue;
    switch (type) {
      case 'google.rpc.ErrorInfo':
        reason = debug.reason ?? '';
        facts = debug.metadata ?? {};
        break;
      case 'google.rpc.BadRequest':
        for (const each of debug.fieldViolations ?? []) fields.push({ field: each.field ?? '', description: each.description ?? '' });
        break;
      case 'google.rpc.RetryInfo':
        retryAfterMs = secondsOf(debug.retryDelay) ?? retryAfterMs;
        break;
      case 'google.rpc.LocalizedMessage':
        if (debug.locale === undefined || debug.locale.startsWith('zh')) sentence = debug.message ?? '';
        break;
    }
  }
  if (reason === '') reason = reasonOfCode(code);
  return new RpcError(code, reason, sentence || sentenceOf(reason, status), message, facts, fields, retryAfterMs);
}

export function offlineError(): RpcError {
  return new RpcError('unavailable', 'OFFLINE', '现在连不上服务器，请到有信号的地方再试', 'The server cannot be reached');
}

export function timeoutError(ms: number): RpcError {
  return new RpcError('deadline_exceeded', 'TIMEOUT', '服务器在规定时间内没有应答，请再试', `No answer within ${ms} ms`);
}

/** "1.5s" of a google.protobuf.Duration, in ms. */
function secondsOf(duration: string | undefined): number | null {
  const seconds = duration === undefined ? NaN : Number.parseFloat(duration);
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : null;
}

function codeOfStatus(status: number): string {
  switch (status) {
    case 400:
      return 'invalid_argument';
    case 401:
      return 'unauthenticated';
    case 403:
      return 'permission_denied';
    case 404:
      return 'not_found';
    case 408:
    case 504:
      return 'deadline_exceeded';
    case 409:
      return 'aborted';
    case 413:
    case 429:
      return 'resource_exhausted';
    case 502:
    case 503:
      return 'unavailable';
    default:
      return status >= 500 ? 'internal' : 'unknown';
  }
}

function reasonOfCode(code: string): string {
  return code === 'unauthenticated' ? 'NOT_SIGNED_IN' : code.toUpperCase();
}

function sentenceOf(reason: string, status: number): string {
  return reason === 'NOT_SIGNED_IN' ? '请先登录' : `服务器暂时不能处理（${status}），请稍后再试`;
}
