// The five groups of the outbox, and what a refused operation becomes.
import { describe, expect, it } from 'vitest';
import type { OperationRow, PhotoRow } from '@gridwarden/sync';
import { asObservation, groupOf, sizeOf } from '../src/work/outbox';

const operation = (more: Partial<OperationRow>): OperationRow => ({
  opId: 'op',
  seq: 1,
  body: '{}',
  hash: '',
  signature: '',
  rpc: 'a.B/SubmitCheck',
  subject: 'cases/1',
  subjectKind: 'CASE',
  summary: { key: 'op.check.PASS', params: {} },
  photos: [],
  state: 'queued',
  createdMs: 0,
  attempts: 0,
  nextTryMs: 0,
  grade: null,
  flags: [],
  reason: null,
  messageZh: null,
  messageEn: null,
  receipt: null,
  answer: null,
  settledMs: null,
  ...more,
});
const photo = (sha256: string, state: PhotoRow['state'], offset = 0): PhotoRow => ({
  sha256,
  size: 100,
  contentType: 'image/jpeg',
  origin: 'camera',
  takenAtMs: 0,
  state,
  opIds: ['op'],
  offset,
  receipt: null,
  verifiedMs: null,
  error: null,
});

describe('a group', () => {
  it('is green only when the server has verified every photo', () => {
    const sent = operation({ state: 'accepted', photos: ['a', 'b'] });
    expect(groupOf(sent, [photo('a', 'verified'), photo('b', 'queued', 100)])).toBe('delivered');
    expect(groupOf(sent, [photo('a', 'verified'), photo('b', 'uploading', 50)])).toBe('sending');
    expect(groupOf(sent, [photo('a', 'verified'), photo('b', 'verified', 100)])).toBe('verified');
    expect(groupOf(sent, [photo('a', 'quarantined')])).toBe('refused');
  });
  it('keeps what is refused apart, whatever its photos are', () => {
    expect(groupOf(operation({ state: 'refused', photos: ['a'] }), [photo('a', 'verified')])).toBe('refused');
    expect(groupOf(operation({ state: 'waiting' }), [])).toBe('waiting');
    expect(groupOf(operation({ state: 'sealed' }), [])).toBe('delivered');
  });
  it('counts bytes as they went', () => {
    expect(sizeOf(operation({ photos: ['a', 'b'] }), [photo('a', 'verified'), photo('b', 'uploading', 40)])).toEqual({
      sent: 140,
      total: 202,
    });
  });
});

describe('a refused operation as an observation', () => {
  it('keeps words, photos and place, and says the outcome in words', () => {
    const request = { name: 'cases/1', result: 'PASS', note: '已清理', evidence: [{ media: 'media/a', kind: 'NEAR' }], answers: [] };
    const refused = operation({ state: 'refused', body: JSON.stringify({ request: JSON.stringify(request) }) });
    expect(asObservation(refused, '核查通过')).toEqual({
      subject: 'cases/1',
      request: { subject: 'cases/1', kind: 'EVIDENCE', evidence: [{ media: 'media/a', kind: 'NEAR' }], note: '核查通过\n已清理' },
    });
  });
  it('reads what a visit carries inside', () => {
    const body = JSON.stringify({ request: JSON.stringify({ parent: 'patrolTasks/1', visit: { note: 'x' } }) });
    expect(asObservation(operation({ rpc: 'a.B/SubmitVisit', subject: 'patrolTasks/1', body }))?.request['note']).toBe('x');
  });
  it('is not offered for a new find, which has nothing to be about', () => {
    expect(asObservation(operation({ rpc: 'a.B/SubmitSignal' }))).toBeNull();
  });
});
