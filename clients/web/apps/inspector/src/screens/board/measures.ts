// What the board shows, in its order; each number opens the cases behind it.
import type { BoardCaseJson, BoardRowJson, MeasureJson } from '@gridwarden/proto';
import { countOf } from '@gridwarden/ui-shared';

export type Counted = 'OPEN' | 'DUE_TODAY' | 'OVERDUE' | 'REWORK' | 'CLOSED' | 'CLOSED_ON_TIME' | 'HELD' | 'NOT_HELD';

export const COUNTED: Counted[] = ['OPEN', 'DUE_TODAY', 'OVERDUE', 'REWORK', 'CLOSED', 'CLOSED_ON_TIME', 'HELD', 'NOT_HELD'];

const FIELDS: Record<Counted, keyof BoardRowJson> = {
  OPEN: 'open',
  DUE_TODAY: 'dueToday',
  OVERDUE: 'overdue',
  REWORK: 'rework',
  CLOSED: 'closed',
  CLOSED_ON_TIME: 'closedOnTime',
  HELD: 'held',
  NOT_HELD: 'notHeld',
};

export function valueOf(row: BoardRowJson | undefined, measure: Counted): number {
  return countOf(row?.[FIELDS[measure]] as string | undefined);
}

/** What is overdue comes first, then what is open; the rest in the order of the list. */
export function byUrgency(a: BoardRowJson, b: BoardRowJson): number {
  return valueOf(b, 'OVERDUE') - valueOf(a, 'OVERDUE') || valueOf(b, 'OPEN') - valueOf(a, 'OPEN');
}

/** Cases of a page: open ones by what is due first, closed ones by what was closed last. */
export function byTime(a: BoardCaseJson, b: BoardCaseJson): number {
  const of = (one: BoardCaseJson) => (one.closeTime ? -Date.parse(one.closeTime) : one.dueTime ? Date.parse(one.dueTime) : Infinity);
  return of(a) === of(b) ? 0 : of(a) - of(b);
}

export function isMeasure(text: string): text is Counted & MeasureJson {
  return (COUNTED as string[]).includes(text);
}

/** A rate of fewer than these is for orientation only. */
export const SMALL_N = 10;
