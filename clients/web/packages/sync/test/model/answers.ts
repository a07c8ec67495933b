// Answers as the gateway gives them.

export function error(status: number, code: string, reason: string, facts: Record<string, string> = {}, retryS?: number): Response {
  const details = [
    { type: 'google.rpc.ErrorInfo', value: '', debug: { reason, domain: 'gridwarden', metadata: facts } },
    { type: 'google.rpc.LocalizedMessage', value: '', debug: { locale: 'zh-CN', message: `中文:${reason}` } },
  ];
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Tus-Resumable': '1.0.0' };
  if (retryS !== undefined) headers['Retry-After'] = String(retryS);
  return new Response(JSON.stringify({ code, message: reason, details }), { status, headers });
}

export function ok(value: unknown): Response {
  return new Response(JSON.stringify(value), { status: 200, headers: { 'Content-Type': 'application/json' } });
}
