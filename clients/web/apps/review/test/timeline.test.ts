import { describe, expect, it } from 'vitest';
import { photosOf, timelineOf } from '../src/timeline';

describe('the timeline', () => {
  const events = [
    { requestId: 'op2', action: 'PASS', subjectSeq: '4', eventTime: '2026-11-20T09:00:00Z', receiveTime: '2026-11-22T09:00:00Z' },
    { requestId: 'r1', action: 'FILE', subjectSeq: '1', eventTime: '2026-11-20T10:00:00Z', receiveTime: '2026-11-20T10:00:00Z' },
    { requestId: 'r2', action: 'DISPATCH', subjectSeq: '2', eventTime: '2026-11-20T10:00:00Z', receiveTime: '2026-11-20T10:00:00Z' },
  ] as const;

  it('goes by receipt, whatever time is claimed', () => {
    const steps = timelineOf([...events], [{ opId: 'op2', verdict: 'ACCEPTED' }]);
    expect(steps.map((step) => step.line.action)).toEqual(['FILE', 'DISPATCH', 'PASS']);
    expect(steps[2]!.claimedMs).toBeLessThan(steps[0]!.claimedMs!);
  });

  it('knows which step came from a phone, and where nothing was recorded for a day', () => {
    const steps = timelineOf([...events], [{ opId: 'op2', verdict: 'ACCEPTED' }]);
    expect(steps.map((step) => step.operation?.opId ?? null)).toEqual([null, null, 'op2']);
    expect(steps.map((step) => step.gapMs !== null)).toEqual([false, false, true]);
  });

  it('names each photo once', () => {
    const photos = photosOf([
      { evidence: [{ media: 'media/a', kind: 'NEAR' }] },
      { evidence: [{ media: 'media/a', kind: 'BEFORE' }], answers: [{ media: ['media/b'] }] },
    ]);
    expect(photos).toEqual([
      { sha256: 'a', kind: 'NEAR' },
      { sha256: 'b', kind: undefined },
    ]);
  });
});
