// A record of the server as lists show it: which tab, in which order, by which words.
import type { CaseHistoryLineJson, CaseJson, PatrolTaskJson, RecordJson, SignalJson, SourceJson } from '@gridwarden/proto';
import type { AccountInfo, Post, RecordKind, StoredRecord, Tab } from './contract';
import { hex, sha256, utf8 } from './bytes';
import type { HeldRecord } from './store';

export interface Viewer {
  account: AccountInfo;
  posts: Post[];
}

/** Raised when the same JSON is to be shown otherwise than before: phones then look at what they hold anew. */
export const VIEW_VERSION = 3;

export const NO_DUE_TIME = Number.MAX_SAFE_INTEGER;
const TITLE_CHARS = 30;

export function keyOf(kind: string, name: string): string {
  return `${kind}:${name}`;
}

/** What counts for the scope digest: the first 8 bytes of SHA-256("kind:name:revision"), hex. */
export async function termOf(kind: string, name: string, revision: number): Promise<string> {
  return hex((await sha256(utf8(`${kind}:${name}:${revision}`))).subarray(0, 8));
}

/** Sum of the terms modulo 2^64, hex with 16 digits. */
export function digestOf(terms: string[]): { count: number; hash: string } {
  let sum = 0n;
  for (const each of terms) sum += BigInt(`0x${each}`);
  return { count: terms.length, hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
}

export async function rowOf(record: RecordJson, viewer: Viewer): Promise<HeldRecord> {
  const kind = (record.kind ?? 'CASE') as RecordKind;
  const name = record.name ?? '';
  const revision = Number(record.revision ?? 0);
  const events = record.events ? ((JSON.parse(record.events) as { events?: CaseHistoryLineJson[] }).events ?? []) : [];
  const row: HeldRecord = {
    key: keyOf(kind, name),
    kind,
    name,
    revision,
    index: Number(record.index ?? 0),
    open: record.open === true,
    assigned: record.assigned === true,
    events,
    pendingOps: [],
    ...viewOf(kind, JSON.parse(record.json || '{}'), events, { assigned: record.assigned === true, open: record.open === true }, viewer),
  };
  if (row.open) row.term = await termOf(kind, name, revision);
  return row;
}

type View = Pick<
  StoredRecord,
  'tab' | 'sort' | 'division' | 'category' | 'title' | 'state' | 'dueMs' | 'startMs' | 'longitude' | 'latitude' | 'data'
>;

/** Everything of a row that follows from the JSON of the resource. */
export function viewOf(
  kind: RecordKind,
  data: unknown,
  events: unknown[],
  standing: { assigned: boolean; open: boolean },
  viewer: Viewer,
): View {
  const common = data as CaseJson & SignalJson & PatrolTaskJson & SourceJson;
  const tab = tabOf(kind, data, events, standing, viewer);
  const dueMs = kind === 'SOURCE' ? null : msOf(common.dueTime);
  return {
    tab,
    sort: tab === 'done' ? -closedMsOf(kind, data, events) : (dueMs ?? NO_DUE_TIME),
    division: common.division ?? '',
    category: common.category ?? '',
    title: titleOf(kind, data),
    state: common.state ?? '',
    dueMs,
    startMs: startMsOf(kind, data),
    longitude: common.position?.longitude === undefined ? null : Number(common.position.longitude),
    latitude: common.position?.latitude === undefined ? null : Number(common.position.latitude),
    data,
  };
}

export function msOf(time: string | undefined | null): number | null {
  if (!time) return null;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}

function tabOf(kind: RecordKind, data: unknown, events: unknown[], standing: { assigned: boolean; open: boolean }, viewer: Viewer): Tab {
  if (kind === 'SOURCE') return 'ground';
  // What is over waits for nobody, whatever post it still names.
  if (standing.assigned && !standing.open) return 'done';
  if (standing.assigned && !onlyReported(kind, data, viewer)) {
    if (kind === 'PATROL_TASK') return (data as PatrolTaskJson).state === 'STARTED' ? 'doing' : 'todo';
    if (kind === 'SIGNAL') return 'todo';
    const { state, reworkCount } = data as CaseJson;
    if (state === 'RETURNED') return 'returned';
    if (state === 'HANDLING' || state === 'DISPATCHED') {
      if ((reworkCount ?? 0) > 0) return 'returned';
      return state === 'HANDLING' ? 'doing' : 'todo';
    }
    return state === 'SUSPENDED' ? 'doing' : 'todo';
  }
  if (kind === 'SIGNAL' && standing.open && isToDecide(data as SignalJson) && viewer.posts.some(decidesSignals)) return 'todo';
  return hadAPart(kind, data, events, viewer) ? 'done' : 'ground';
}

/** Nobody is named to decide it, the office of the ground does: a new one, and one that somebody has looked at. */
function isToDecide({ state, onsiteCheck }: SignalJson): boolean {
  const looked = onsiteCheck?.result !== undefined && onsiteCheck.result !== 'RESULT_UNSPECIFIED';
  return state === 'NEW' || (state === 'ONSITE_CHECK' && looked);
}

function decidesSignals(post: Post): boolean {
  return post.kind === 'CAMPAIGN_OFFICE';
}

/** A lead this person brought, which somebody else has to look at now: it stands under one's post and asks nothing of it. */
function onlyReported(kind: RecordKind, data: unknown, viewer: Viewer): boolean {
  if (kind !== 'SIGNAL') return false;
  const { finder, state, onsiteCheck } = data as SignalJson;
  if (finder === undefined || finder !== viewer.account.person) return false;
  return state !== 'ONSITE_CHECK' || !viewer.posts.some((each) => each.post === onsiteCheck?.post);
}

/** Whether this person did something about it: found, handled, checked, signed, visited. */
function hadAPart(kind: RecordKind, data: unknown, events: unknown[], viewer: Viewer): boolean {
  const person = viewer.account.person;
  if (kind === 'PATROL_TASK') {
    const task = data as PatrolTaskJson;
    const over = task.state === 'DONE' || task.state === 'MISSED' || task.state === 'WAIVED';
    return over && viewer.posts.some((post) => post.post === task.post);
  }
  if (person === '') return false;
  if (kind === 'SIGNAL') {
    const signal = data as SignalJson;
    return signal.finder === person || signal.onsiteCheck?.person === person;
  }
  const one = data as CaseJson;
  if (one.fixer === person || one.checker === person || one.signer === person) return true;
  return (events as CaseHistoryLineJson[]).some((line) => line.person === person && line.system !== true);
}

function closedMsOf(kind: RecordKind, data: unknown, events: unknown[]): number {
  const lines = events as CaseHistoryLineJson[];
  const last = msOf(lines[lines.length - 1]?.receiveTime) ?? 0;
  if (kind === 'CASE') {
    const one = data as CaseJson;
    return msOf(one.closeTime) ?? msOf(one.passTime) ?? (last || (msOf(one.fileTime) ?? 0));
  }
  if (kind === 'PATROL_TASK') {
    const task = data as PatrolTaskJson;
    return msOf(task.doneTime) ?? msOf(task.release?.time) ?? msOf(task.dueTime) ?? 0;
  }
  const signal = data as SignalJson;
  return msOf(signal.receiveTime) ?? msOf(signal.eventTime) ?? 0;
}

function startMsOf(kind: RecordKind, data: unknown): number | null {
  if (kind === 'CASE') return msOf((data as CaseJson).stageStartTime) ?? msOf((data as CaseJson).clocks?.[0]?.startTime);
  if (kind === 'SIGNAL') return msOf((data as SignalJson).clocks?.[0]?.startTime) ?? msOf((data as SignalJson).receiveTime);
  if (kind === 'PATROL_TASK') return msOf((data as PatrolTaskJson).windowStartTime) ?? msOf((data as PatrolTaskJson).createTime);
  return null;
}

function titleOf(kind: RecordKind, data: unknown): string {
  switch (kind) {
    case 'CASE':
      return (data as CaseJson).caseNo || firstWords((data as CaseJson).description);
    case 'SIGNAL':
      return firstWords((data as SignalJson).description);
    case 'PATROL_TASK':
      return firstWords((data as PatrolTaskJson).title);
    case 'SOURCE':
      return (data as SourceJson).displayName ?? '';
  }
}

function firstWords(text: string | undefined): string {
  const line = (text ?? '').split('\n')[0]!.trim();
  return line.length > TITLE_CHARS ? `${line.slice(0, TITLE_CHARS)}…` : line;
}
