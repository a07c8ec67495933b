// 红黄灯: how a clock stands, by the share of its time that is used.
export type Light = 'green' | 'yellow' | 'red' | 'grey';

/** From this share of the time limit on a clock is yellow. */
export const YELLOW_SHARE = 0.7;

const LAST_DAY_MS = 24 * 3_600_000;

export interface Clock {
  /** When the running clock began. Without it nobody knows the share: yellow on the last day, then red. */
  startMs: number | null;
  dueMs: number | null;
  /** False once nothing runs any more: closed, done. */
  open: boolean;
}

/** Green, yellow from 70 % of the limit on, red once the due time has passed; grey when no clock runs. */
export function lightOf(clock: Clock, nowMs: number): Light {
  if (!clock.open || clock.dueMs === null) return 'grey';
  if (nowMs >= clock.dueMs) return 'red';
  if (clock.startMs === null) return clock.dueMs - nowMs <= LAST_DAY_MS ? 'yellow' : 'green';
  if (clock.startMs >= clock.dueMs) return 'green';
  const share = (nowMs - clock.startMs) / (clock.dueMs - clock.startMs);
  return share >= YELLOW_SHARE ? 'yellow' : 'green';
}
