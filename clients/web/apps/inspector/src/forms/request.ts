// From a filled form to the operation that the phone signs: the request exactly as the rpc's proto wants it, without request_id and
// times, which the server sets from its own judgement.
import type { ChecklistAnswerJson, EvidenceJson, PositionJson } from '@gridwarden/proto';
import type { NewOperation, RecordKind, StoredRecord } from '@gridwarden/sync';
import { mediaOf } from '../work/records';
import { itemsOf, resultOf, type FormContext, type FormData, type FormKind } from './form';

export interface Subject {
  name: string;
  kind: RecordKind;
  title: string;
  /** The record as the phone holds it; null for a new find. */
  record: StoredRecord<{ etag?: string; signals?: string[] }> | null;
  /** part: units/... */
  unit?: string;
}

export interface NewIds {
  /** Of what the operation makes: a visit, a signal, the case of a rebound. */
  made: string;
}

/** Photos as evidence: those of items are evidence of the whole act as well. */
function evidenceOf(context: FormContext, data: FormData): EvidenceJson[] {
  const ofItems = context.kind === 'feedback' ? 'AFTER' : 'NEAR';
  const seen = new Set<string>();
  return data.photos.flatMap((photo) => {
    if (seen.has(photo.sha256)) return [];
    seen.add(photo.sha256);
    return [{ media: mediaOf(photo.sha256), kind: photo.item ? ofItems : photo.kind }];
  });
}

function answersOf(context: FormContext, data: FormData): ChecklistAnswerJson[] {
  return itemsOf(context, data).flatMap((one) => {
    const value = (data.answers[one.key]?.value ?? '').trim();
    if (!value) return [];
    const media = data.photos.filter((photo) => photo.item === one.key).map((photo) => mediaOf(photo.sha256));
    return [{ checklist: one.checklist, item: one.item.code ?? '', value, ...(media.length > 0 ? { media } : {}) }];
  });
}

function positionOf(data: FormData): PositionJson | undefined {
  if (!data.place) return undefined;
  const { longitude, latitude, accuracyM } = data.place;
  return { longitude, latitude, datum: 'WGS84', accuracyM: Math.min(Math.max(0, accuracyM), 100_000) };
}

/** What was found not to apply is said in the note: the server's answers know yes and no only. */
export function noteOf(context: FormContext, data: FormData, notApplicable: (items: string[]) => string): string {
  const none = itemsOf(context, data)
    .filter((one) => data.answers[one.key]?.mark === 'na')
    .map((one) => one.item.zh ?? one.key);
  const said = none.length > 0 ? notApplicable(none) : '';
  return [data.note.trim(), said].filter(Boolean).join('\n');
}

function without<T extends object>(value: T): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, one]) => one !== undefined && one !== '' && !(Array.isArray(one) && one.length === 0)),
  );
}

const CASEWORK = 'gridwarden.casework.v1.CaseworkService';
const CLOSING = 'gridwarden.casework.v1.ClosingService';

interface Act {
  rpc: string;
  request: Record<string, unknown>;
  localChange?: NewOperation['localChange'];
}

const STATE_AFTER: Record<string, string> = { 'check PASS': 'SIGN_OFF', 'check FAIL': 'HANDLING', 'recheck REBOUNDED': 'REBOUNDED' };

function actOf(context: FormContext, data: FormData, subject: Subject, ids: NewIds, note: string): Act {
  const result = resultOf(context, data);
  const proof = { note, evidence: evidenceOf(context, data), answers: answersOf(context, data), position: positionOf(data) };
  switch (context.kind) {
    case 'visit':
      return {
        rpc: 'gridwarden.patrol.v1.PatrolService/SubmitVisit',
        request: without({
          parent: subject.name,
          visitId: ids.made,
          visit: without({ ...proof, result, category: result === 'PROBLEM' ? data.category : undefined }),
        }),
        localChange: { tab: 'done', state: 'DONE', data: { state: 'DONE', result } },
      };
    case 'signal': {
      const { note: description, ...rest } = proof;
      return {
        rpc: `${CASEWORK}/SubmitSignal`,
        request: {
          signalId: ids.made,
          signal: without({
            channel: 'PATROL',
            category: data.category,
            division: data.division,
            source: data.source,
            description,
            ...rest,
          }),
        },
        // Nobody but this phone knows it yet: it is shown until a pull brings it.
        localChange: {
          tab: 'done',
          state: 'NEW',
          data: without({
            name: subject.name,
            state: 'NEW',
            channel: 'PATROL',
            category: data.category,
            division: data.division,
            description,
            ...rest,
          }),
        },
      };
    }
    case 'onsite_check':
      return {
        rpc: `${CASEWORK}/SubmitOnsiteCheck`,
        request: without({ name: subject.name, result, ...proof }),
        localChange: { tab: 'done' },
      };
    case 'feedback':
      return {
        rpc: `${CASEWORK}/SubmitFeedback`,
        request: without({ name: subject.name, ...proof }),
        localChange: { tab: 'done', state: 'FEEDBACK', data: { state: 'FEEDBACK' } },
      };
    case 'check': {
      const state = STATE_AFTER[`check ${result}`];
      return {
        rpc: `${CASEWORK}/SubmitCheck`,
        request: without({ name: subject.name, result, ...proof }),
        localChange: { tab: 'done', ...(state ? { state, data: { state } } : {}) },
      };
    }
    case 'recheck': {
      const { answers: _none, ...rest } = proof;
      const state = STATE_AFTER[`recheck ${result}`];
      return {
        rpc: `${CASEWORK}/SubmitRecheck`,
        request: without({ name: subject.name, result, ...rest, reboundCaseId: result === 'REBOUNDED' ? ids.made : undefined }),
        localChange: { tab: 'done', ...(state ? { state, data: { state } } : {}) },
      };
    }
    case 'stop': {
      const { answers: _none, ...rest } = proof;
      return { rpc: `${CLOSING}/StopProduction`, request: without({ name: subject.name, ...rest }) };
    }
    case 'part': {
      const { answers: _none, ...rest } = proof;
      return { rpc: `${CLOSING}/SubmitPart`, request: without({ name: subject.name, unit: subject.unit, ...rest }) };
    }
    case 'evidence':
    case 'explain': {
      const { answers: _none, ...rest } = proof;
      const kind = context.kind === 'explain' ? 'EXPLANATION' : 'EVIDENCE';
      return { rpc: 'gridwarden.sync.v1.SyncService/RecordObservation', request: without({ subject: subject.name, kind, ...rest }) };
    }
  }
}

/** Message key of the line in the outbox: op.visit.NORMAL, op.feedback ... */
function summaryKey(kind: FormKind, result: string): string {
  return ['visit', 'onsite_check', 'check', 'recheck'].includes(kind) ? `op.${kind}.${result}` : `op.${kind}`;
}

/** The operation of a form that misses nothing. */
export function operationOf(
  context: FormContext,
  data: FormData,
  subject: Subject,
  ids: NewIds,
  draftId: string,
  note: string,
): NewOperation {
  const { rpc, request, localChange } = actOf(context, data, subject, ids, note);
  return {
    rpc,
    request,
    subject: subject.name,
    subjectKind: subject.kind,
    baseEtag: subject.record?.data.etag ?? '',
    photos: [...new Set(data.photos.filter((photo) => !photo.earlier).map((photo) => photo.sha256))],
    summary: { key: summaryKey(context.kind, resultOf(context, data)), params: { title: subject.title } },
    draftId,
    ...(localChange ? { localChange } : {}),
    fix: data.place,
  };
}
