// Phones and what they send: registered once, proven by their key, kept, then done by the ordinary rpc.
import { hex, sha256, utf8 } from '../../src/bytes';
import { error, ok } from './answers';
import type { Doing, ModelDevice, ModelWorld } from './world';

export async function register(world: ModelWorld, request: Record<string, unknown>, account: string): Promise<Response> {
  const id = String(request['deviceId']);
  const publicKey = String(request['publicKey']);
  const raw = Uint8Array.from(atob(publicKey), (each) => each.charCodeAt(0));
  if (raw.length !== 65 || raw[0] !== 4) return error(400, 'invalid_argument', 'INVALID_FIELD');
  const proof = `gridwarden/device/v1\n${id}\n${account}`;
  if (!(await verified(publicKey, String(request['signature']), proof))) return error(400, 'invalid_argument', 'SIGNATURE_INVALID');
  const held = world.devices.get(id);
  if (held !== undefined && (held.publicKey !== publicKey || held.account !== account)) {
    return error(409, 'already_exists', 'DEVICE_ID_TAKEN');
  }
  const device = held ?? { id, account, publicKey, replaces: String(request['replaces'] ?? ''), revoked: false, seqs: new Map() };
  world.devices.set(id, device);
  return ok({ name: `devices/${id}`, account });
}

export function deviceOf(world: ModelWorld, request: Record<string, unknown>, account: string): ModelDevice | Response {
  const device = world.devices.get(String(request['device']).replace('devices/', ''));
  if (device === undefined || device.account !== account) return error(400, 'failed_precondition', 'DEVICE_UNKNOWN');
  if (device.revoked) return error(400, 'failed_precondition', 'DEVICE_REVOKED');
  return device;
}

export async function push(world: ModelWorld, request: Record<string, unknown>, account: string): Promise<Response> {
  const device = deviceOf(world, request, account);
  if (device instanceof Response) return device;
  const operations = (request['operations'] ?? []) as { body: string; signature: string }[];
  if (operations.length > 50) return error(400, 'invalid_argument', 'INVALID_FIELD');
  if (operations.reduce((sum, each) => sum + each.body.length, 0) > 256 * 1024)
    return error(429, 'resource_exhausted', 'MESSAGE_TOO_LARGE');
  const results: Record<string, unknown>[] = [];
  for (const each of operations) results.push(await take(world, device, each, account));
  const digests = [...(world.named.get(device.id) ?? [])];
  const since = Number(String(request['timeToken'] ?? '').replace('token-', '') || 0);
  const highest = Math.max(0, ...device.seqs.keys());
  const missing: string[] = [];
  for (let seq = 1; seq < highest; seq++) if (!device.seqs.has(seq)) missing.push(String(seq));
  return ok({
    results,
    serverTime: new Date(world.nowMs).toISOString(),
    timeToken: `token-${world.tick()}`,
    missingPhotos: digests.filter((each) => !world.photos.has(each)).slice(0, 200),
    photoReceipts: digests
      .filter((each) => (world.verifiedMs.get(each) ?? 0) > since)
      .slice(0, 200)
      .map((each) => ({ sha256: each, receipt: `receipt ${each}` })),
    contiguousSeq: String(highest),
    missingSeqs: missing.slice(0, 100),
  });
}

async function take(
  world: ModelWorld,
  device: ModelDevice,
  signed: { body: string; signature: string },
  account: string,
): Promise<Record<string, unknown>> {
  const body = JSON.parse(signed.body) as Record<string, unknown> & { photos?: { sha256: string }[]; after?: string[] };
  const opId = String(body['opId']);
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(opId)) throw new Error(`not a UUIDv7: ${opId}`);
  const refused = (reason: string) => ({ opId, verdict: 'REFUSED', reason, messageZh: `中文:${reason}` });
  if (!(await verified(device.publicKey, signed.signature, `gridwarden/op/v1\n${signed.body}`))) return refused('SIGNATURE_INVALID');
  const held = world.operations.get(opId);
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
  const waiting = (body.after ?? []).find((each) => !world.operations.has(each));
  if (waiting !== undefined) return { opId, verdict: 'WAITING', reason: 'PREDECESSOR_MISSING', retryAfterMs: 1000 };
  const rpc = String(body['rpc']);
  if (world.unreachable.has(rpc)) return { opId, verdict: 'WAITING', reason: 'AREA_UNREACHABLE', retryAfterMs: 2000 };
  device.seqs.set(seq, { opId, hash, prev: String(body['prevHash']) });
  const named = world.named.get(device.id) ?? new Set<string>();
  for (const each of body.photos ?? []) named.add(each.sha256);
  world.named.set(device.id, named);
  const outcome = replay(
    world,
    { rpc, request: JSON.parse(String(body['request'])) as Record<string, unknown>, subject: String(body['subject']) },
    opId,
  );
  const result = {
    opId,
    ...outcome,
    flags,
    time: { grade: 'B', receiveTime: new Date(world.nowMs).toISOString() },
    receipt: `op receipt ${opId}`,
  };
  world.operations.set(opId, { body: signed.body, result, account });
  return result;
}

/** The ordinary rpc. */
function replay(world: ModelWorld, doing: Doing, opId: string): Record<string, unknown> {
  const { rpc, request, subject } = doing;
  const verb = rpc.slice(rpc.indexOf('/') + 1);
  const kind = subject.startsWith('cases/') ? 'CASE' : subject.startsWith('signals/') ? 'SIGNAL' : 'PATROL_TASK';
  const held = world.records.get(`${kind}:${subject}`);
  const refused = (reason: string) => ({
    verdict: 'REFUSED',
    reason,
    messageZh: `中文:${reason}`,
    ...(held === undefined ? {} : { answer: JSON.stringify(held.json) }),
  });
  const asserted = (reason: string) => {
    world.observations.push({ opId, subject, reason });
    return { verdict: 'ASSERTED', reason, answer: JSON.stringify(held?.json ?? {}) };
  };
  const move = (state: string, open: boolean, assigned: boolean) => {
    world.effects.push(doing);
    const now = world.put({ kind, name: subject, open, assigned, json: { ...held!.json, state } });
    return { verdict: 'ACCEPTED', answer: JSON.stringify(verb === 'SubmitVisit' ? { name: `${subject}/visits/v` } : now.json) };
  };
  if (verb === 'SubmitSignal') {
    if ((request['signal'] as { description?: string } | undefined)?.description === 'BAD') return refused('INVALID_FIELD');
    world.effects.push(doing);
    const now = world.put({
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
      world.effects.push(doing);
      world.observations.push({ opId, subject, reason: '' });
      return { verdict: 'ACCEPTED', answer: JSON.stringify({ name: `observations/${opId}` }) };
    default:
      return refused('NOT_OFFLINE');
  }
}

async function verified(publicKey: string, signature: string, text: string): Promise<boolean> {
  const raw = (each: string) => Uint8Array.from(atob(each), (one) => one.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', raw(publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw(signature), utf8(text));
}
