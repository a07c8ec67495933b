// What the board shows, in its order; each number opens the cases behind it.
import type { BoardRowJson, MeasureJson } from '@gridwarden/proto';
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

export function isMeasure(text: string): text is Counted & MeasureJson {
  return (COUNTED as string[]).includes(text);
}

/** A rate of fewer than these is for orientation only. */
export const SMALL_N = 10;
