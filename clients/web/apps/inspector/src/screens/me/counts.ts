// What one has done this month, counted from what this phone made. Plain counts for oneself: no points, nothing is sent.
import type { OperationRow } from '@gridwarden/sync';
import { localDay } from '@gridwarden/ui-shared';

export interface Counts {
  visits: number;
  signals: number;
  feedbacks: number;
  checks: number;
  others: number;
}

const KINDS: Record<string, keyof Counts> = {
  SubmitVisit: 'visits',
  SubmitSignal: 'signals',
  SubmitFeedback: 'feedbacks',
  SubmitPart: 'feedbacks',
  SubmitCheck: 'checks',
  SubmitRecheck: 'checks',
  SubmitOnsiteCheck: 'checks',
};

/** Counts the operations of the ground's month that `nowMs` lies in; what was refused or only taken on is not work done. */
export function countMonth(operations: Pick<OperationRow, 'rpc' | 'createdMs' | 'state'>[], nowMs: number): Counts {
  const counts: Counts = { visits: 0, signals: 0, feedbacks: 0, checks: 0, others: 0 };
  const month = localDay(nowMs).slice(0, 7);
  for (const operation of operations) {
    if (operation.state === 'refused' || localDay(operation.createdMs).slice(0, 7) !== month) continue;
    const verb = operation.rpc.slice(operation.rpc.indexOf('/') + 1);
    if (verb === 'AcceptCase' || verb === 'StartPatrolTask') continue;
    counts[KINDS[verb] ?? 'others'] += 1;
  }
  return counts;
}
