// Which photo shows what: the find, the fix, the check.
import type { CaseHistoryLineJson, EvidenceJson } from '@gridwarden/proto';

export interface StagePhotos {
  before: EvidenceJson[];
  after: EvidenceJson[];
  check: EvidenceJson[];
}

const CHECKS = new Set(['PASS', 'REWORK', 'UNABLE', 'RECHECK_HELD', 'RECHECK_REBOUNDED', 'RECHECK_HELD_SO_FAR']);
const FIXES = new Set(['SUBMIT_FEEDBACK', 'SUBMIT_PART', 'SUBMIT_RESULT', 'STOP_PRODUCTION']);

/** Photos of a case by stage, each once, oldest first. A photo of a feedback that shows the state before belongs to the find. */
export function photosByStage(events: CaseHistoryLineJson[]): StagePhotos {
  const found: StagePhotos = { before: [], after: [], check: [] };
  const seen = new Set<string>();
  for (const line of events) {
    const action = line.action ?? '';
    const stage = CHECKS.has(action) ? 'check' : FIXES.has(action) ? 'after' : 'before';
    const answered = (line.answers ?? []).flatMap((answer) => (answer.media ?? []).map((media): EvidenceJson => ({ media })));
    for (const one of [...(line.evidence ?? []), ...answered]) {
      if (!one.media || one.kind === 'DOCUMENT' || seen.has(one.media)) continue;
      seen.add(one.media);
      found[one.kind === 'BEFORE' ? 'before' : stage].push(one);
    }
  }
  return found;
}
