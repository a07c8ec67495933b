// The story of a case in the order the server took it in, with what is known of each time.
import type { CaseHistoryLineJson, OperationJson } from '@gridwarden/proto';
import { msOf } from '@gridwarden/ui-shared';

export interface Step {
  line: CaseHistoryLineJson;
  receivedMs: number | null;
  claimedMs: number | null;
  /** The phone's record it came from; null when it was done online. */
  operation: OperationJson | null;
  /** Silence before it, when it is longer than `GAP_MS`. */
  gapMs: number | null;
}

/** Nothing recorded for so long is worth a line. */
export const GAP_MS = 24 * 3_600_000;

export function timelineOf(events: CaseHistoryLineJson[], operations: OperationJson[]): Step[] {
  const byId = new Map(operations.map((one) => [one.opId ?? '', one]));
  const received = (line: CaseHistoryLineJson) => msOf(line.receiveTime) ?? msOf(line.eventTime) ?? 0;
  const ordered = [...events].sort((a, b) => received(a) - received(b) || Number(a.subjectSeq ?? 0) - Number(b.subjectSeq ?? 0));
  return ordered.map((line, i) => {
    const before = i > 0 ? received(ordered[i - 1]!) : null;
    const gap = before === null ? 0 : received(line) - before;
    return {
      line,
      receivedMs: msOf(line.receiveTime),
      claimedMs: msOf(line.eventTime),
      operation: byId.get(line.requestId ?? '') ?? null,
      gapMs: gap >= GAP_MS ? gap : null,
    };
  });
}

/** Every photo of the case once, in the order it was handed in. */
export function photosOf(events: CaseHistoryLineJson[]): { sha256: string; kind: string | undefined }[] {
  const found = new Map<string, string | undefined>();
  const add = (media: string | undefined, kind: string | undefined) => {
    const digest = (media ?? '').replace(/^media\//, '');
    if (digest && !found.has(digest)) found.set(digest, kind);
  };
  for (const line of events) {
    for (const one of line.evidence ?? []) add(one.media, one.kind);
    for (const answer of line.answers ?? []) for (const media of answer.media ?? []) add(media, undefined);
  }
  return [...found].map(([sha256, kind]) => ({ sha256, kind }));
}
