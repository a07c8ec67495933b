// Columns of the board, in its order; each number opens the cases behind it.
import type { BoardRowJson, MeasureJson } from '@gridwarden/proto';
import { countOf } from '@gridwarden/ui-shared';

export const MEASURES = [
  'SIGNALS_OPEN',
  'CASES',
  'OPEN',
  'DUE_TODAY',
  'OVERDUE',
  'REWORK',
  'CLOSED',
  'CLOSED_ON_TIME',
  'FORCED',
  'HELD',
  'NOT_HELD',
] as const satisfies MeasureJson[];
export type Counted = (typeof MEASURES)[number];

const FIELDS: Record<Counted, keyof BoardRowJson> = {
  SIGNALS_OPEN: 'signalsOpen',
  CASES: 'cases',
  OPEN: 'open',
  DUE_TODAY: 'dueToday',
  OVERDUE: 'overdue',
  REWORK: 'rework',
  CLOSED: 'closed',
  CLOSED_ON_TIME: 'closedOnTime',
  FORCED: 'forced',
  HELD: 'held',
  NOT_HELD: 'notHeld',
};

export function valueOf(row: BoardRowJson | undefined, measure: Counted): number {
  return countOf(row?.[FIELDS[measure]] as string | undefined);
}

export const RATES = [
  { field: 'closureRate', words: 'board.closureRate' },
  { field: 'onTimeRate', words: 'board.onTimeRate' },
  { field: 'heldRate', words: 'board.heldRate' },
] as const;

/** Rates of fewer than these are shown in grey. */
export const SMALL_N = 10;
