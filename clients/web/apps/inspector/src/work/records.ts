// Typed views of what the phone holds, and the few things every screen asks of a record.
import type {
  CaseHistoryLineJson,
  CaseJson,
  CategoryJson,
  CaseNeedsJson,
  Evidence_KindJson,
  EvidenceJson,
  PatrolTaskJson,
  SignalJson,
  SourceJson,
} from '@gridwarden/proto';
import type { RecordKind, StoredRecord } from '@gridwarden/sync';

export type CaseRecord = StoredRecord<CaseJson>;
export type SignalRecord = StoredRecord<SignalJson>;
export type TaskRecord = StoredRecord<PatrolTaskJson>;
export type SourceRecord = StoredRecord<SourceJson>;

/** First part of a path of a screen, and of a resource name. */
const PATHS: Record<RecordKind, string> = { CASE: 'cases', SIGNAL: 'signals', PATROL_TASK: 'tasks', SOURCE: 'sources' };
const COLLECTIONS: Record<RecordKind, string> = { CASE: 'cases', SIGNAL: 'signals', PATROL_TASK: 'patrolTasks', SOURCE: 'sources' };

export function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Where the detail of a record is shown. */
export function pathOf(kind: RecordKind, name: string): string {
  return `/${PATHS[kind]}/${idOf(name)}`;
}

export function nameOfPath(kind: RecordKind, id: string): string {
  return `${COLLECTIONS[kind]}/${id}`;
}

export function keyOf(kind: RecordKind, name: string): string {
  return `${kind}:${name}`;
}

/** The kind of a resource by its name; null for what is no record. */
export function kindOf(name: string): RecordKind | null {
  const collection = name.slice(0, name.indexOf('/'));
  const found = (Object.keys(COLLECTIONS) as RecordKind[]).find((kind) => COLLECTIONS[kind] === collection);
  return found ?? null;
}

export function historyOf(record: StoredRecord): CaseHistoryLineJson[] {
  return record.events as CaseHistoryLineJson[];
}

/** "media/{sha256}" <-> digest. */
export function digestOf(media: string | undefined): string {
  return (media ?? '').replace(/^media\//, '');
}

export function mediaOf(sha256: string): string {
  return `media/${sha256}`;
}

/** What a photo shows: the find, the fix, the check. */
export type PhotoStage = 'before' | 'after' | 'check';

/** A photo that the server knows: what it shows, who took it and when. */
export interface EarlierPhoto {
  sha256: string;
  kind: Evidence_KindJson | '';
  stage: PhotoStage;
  time: string | undefined;
  by: string;
}

const CHECKS = new Set(['PASS', 'REWORK', 'UNABLE', 'RECHECK_HELD', 'RECHECK_REBOUNDED', 'RECHECK_HELD_SO_FAR']);
const FIXES = new Set(['SUBMIT_FEEDBACK', 'SUBMIT_PART', 'SUBMIT_RESULT', 'STOP_PRODUCTION']);

/** Photos of a history, oldest first, each once. One of a feedback that shows the state before belongs to the find. */
export function photosOf(lines: CaseHistoryLineJson[]): EarlierPhoto[] {
  const found = new Map<string, EarlierPhoto>();
  for (const line of lines) {
    const action = line.action ?? '';
    const stage = CHECKS.has(action) ? 'check' : FIXES.has(action) ? 'after' : 'before';
    const answered = (line.answers ?? []).flatMap((answer) => (answer.media ?? []).map((media): EvidenceJson => ({ media })));
    for (const one of [...(line.evidence ?? []), ...answered]) {
      const sha256 = digestOf(one.media);
      if (!sha256 || one.kind === 'DOCUMENT' || found.has(sha256)) continue;
      const shown = { sha256, kind: one.kind ?? ('' as const), time: line.eventTime, by: line.personDisplayName ?? '' };
      found.set(sha256, { ...shown, stage: one.kind === 'BEFORE' ? 'before' : stage });
    }
  }
  return [...found.values()];
}

/** Photos of a record so far, oldest first, each once. A signal without a history has its own. */
export function photosSoFar(record: StoredRecord): EarlierPhoto[] {
  if (record.kind !== 'SIGNAL') return photosOf(historyOf(record));
  const { evidence, eventTime } = (record as SignalRecord).data;
  return photosOf([...historyOf(record), { action: 'SUBMIT', evidence: evidence ?? [], ...(eventTime ? { eventTime } : {}) }]);
}

/** 整改前 as it was found, 整改后 and the checks with the latest first: after a rework the last feedback is what is judged. */
export function byStage(photos: EarlierPhoto[]): Record<PhotoStage, EarlierPhoto[]> {
  const of = (stage: PhotoStage) => photos.filter((photo) => photo.stage === stage);
  const latest = (some: EarlierPhoto[]) => some.sort((a, b) => Date.parse(b.time ?? '') - Date.parse(a.time ?? ''));
  return { before: of('before'), after: latest(of('after')), check: latest(of('check')) };
}

/** The history as it is told, the newest first. The filing stands in it twice, as the signal's end and as the case's beginning. */
export function storyOf(lines: CaseHistoryLineJson[]): CaseHistoryLineJson[] {
  const filed = lines.some((line) => line.action === 'FILE' && line.subject?.startsWith('cases/'));
  return lines.filter((line) => !filed || line.action !== 'FILE' || line.subject?.startsWith('cases/')).reverse();
}

/** Why it came back, for the top of the screen: the last rework, refused signature, or return that nothing has followed. */
export function returnedReason(record: StoredRecord): { action: string; reason: string; by: string; time: string | undefined } | null {
  if (record.tab !== 'returned') return null;
  const back = new Set(['REWORK', 'REFUSE_SIGN', 'RETURN', 'UNABLE', 'DISPUTE', 'CONTRADICT']);
  const line = [...historyOf(record)].reverse().find((one) => back.has(one.action ?? ''));
  if (!line) return null;
  return { action: line.action ?? '', reason: line.reason ?? '', by: line.personDisplayName ?? '', time: line.eventTime };
}

/** First six digits of a case's printed number: the county whose definitions apply. */
export function countyOf(record: StoredRecord): string {
  return record.kind === 'CASE' ? ((record as CaseRecord).data.caseNo ?? '').slice(0, 6) : '';
}

/** What a case of this category needs in this county; null when the phone does not hold the category yet. */
export function needsOf(categories: CategoryJson[], code: string, county: string): CaseNeedsJson | null {
  const needs = categories.find((category) => category.code === code)?.needs ?? [];
  const local = needs.find((one) => one.codePrefix && county.startsWith(one.codePrefix));
  return local ?? needs.find((one) => !one.codePrefix) ?? null;
}

/** When it was over: done, closed, rejected, merged; null while it is open or when nobody said. */
export function finishedTime(record: StoredRecord): string | null {
  if (record.open) return null;
  const { doneTime, release } = record.data as PatrolTaskJson;
  const { closeTime, recloseTime } = record.data as CaseJson;
  const { rejectTime, mergeTime } = record.data as SignalJson;
  return doneTime ?? release?.time ?? recloseTime ?? closeTime ?? rejectTime ?? mergeTime ?? null;
}

export interface Point {
  longitude: number;
  latitude: number;
}

/** Metres between two points of the earth. */
export function metresBetween(a: Point, b: Point): number {
  const radians = Math.PI / 180;
  const dLat = (b.latitude - a.latitude) * radians;
  const dLon = (b.longitude - a.longitude) * radians;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_008 * Math.asin(Math.min(1, Math.sqrt(h)));
}
