// What the outbox shows: every operation in one of five groups, in plain words.
import type { OperationRow, OperationState, PhotoRow } from '@gridwarden/sync';

export type OutboxGroup = 'waiting' | 'sending' | 'delivered' | 'verified' | 'refused';

export const OUTBOX_GROUPS: readonly OutboxGroup[] = ['refused', 'waiting', 'sending', 'delivered', 'verified'];

const BY_STATE: Record<OperationState, OutboxGroup> = {
  queued: 'waiting',
  waiting: 'waiting',
  sent: 'sending',
  accepted: 'delivered',
  asserted: 'delivered',
  sealed: 'delivered',
  refused: 'refused',
};

/** 待上传, 上传中, 已送达, 照片已存证, 被退回. Green only when the server has computed the digest of every photo itself. */
export function groupOf(operation: OperationRow, photos: PhotoRow[]): OutboxGroup {
  const group = BY_STATE[operation.state];
  if (group !== 'delivered' || operation.photos.length === 0) return group;
  const own = operation.photos.map((sha256) => photos.find((photo) => photo.sha256 === sha256));
  if (own.some((photo) => photo?.state === 'quarantined')) return 'refused';
  // A photo that the phone no longer holds was verified long ago: nothing else is ever removed.
  if (own.every((photo) => photo === undefined || photo.state === 'verified')) return 'verified';
  return own.some((photo) => photo?.state === 'uploading') ? 'sending' : 'delivered';
}

/** How much of an operation and its photos is on the server, in bytes. */
export function sizeOf(operation: OperationRow, photos: PhotoRow[]): { sent: number; total: number } {
  const own = photos.filter((photo) => operation.photos.includes(photo.sha256));
  const body = BY_STATE[operation.state] === 'delivered' ? operation.body.length : 0;
  const sent = own.reduce((sum, photo) => sum + (photo.state === 'verified' ? photo.size : photo.offset), body);
  return { sent, total: own.reduce((sum, photo) => sum + photo.size, 0) + operation.body.length };
}

interface Body {
  request?: string;
  subject?: string;
}

/** What a refused operation said and showed, with its outcome in words, to be sent as an observation instead; null when it has no subject that exists. */
export function asObservation(operation: OperationRow, words = ''): { subject: string; request: Record<string, unknown> } | null {
  if (operation.rpc.endsWith('/SubmitSignal') || operation.rpc.endsWith('/RecordObservation')) return null;
  let said: Record<string, unknown>;
  try {
    said = JSON.parse((JSON.parse(operation.body) as Body).request ?? '{}') as Record<string, unknown>;
  } catch {
    return null;
  }
  const fact = (said['visit'] as Record<string, unknown> | undefined) ?? said;
  const request: Record<string, unknown> = { subject: operation.subject, kind: 'EVIDENCE' };
  for (const field of ['evidence', 'position']) if (fact[field] !== undefined) request[field] = fact[field];
  // The outcome has no field there: it is said in words.
  request['note'] = [words, fact['note'] as string | undefined].filter(Boolean).join('\n');
  return { subject: operation.subject, request };
}
