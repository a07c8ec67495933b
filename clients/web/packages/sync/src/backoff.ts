const FIRST_MS = 2_000;
const MOST_MS = 5 * 60_000;
/** Nothing waits longer, whatever the server asks for: what seems to is a clock that was turned back. */
const HELD_MS = 3 * MOST_MS;

/** How long to wait after the n-th failure in a row: 2 s, doubling up to 5 minutes, with a half of it by chance. */
export function backoffMs(attempts: number): number {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.max(0, Math.min(attempts - 1, 16)));
  return Math.round(whole * (0.5 + Math.random() * 0.5));
}

/** The same, or as long as the server asked for when that is longer; a quarter of an hour at most. */
export function waitMs(attempts: number, retryAfterMs: number | null | undefined): number {
  return Math.min(HELD_MS, Math.max(retryAfterMs ?? 0, backoffMs(attempts)));
}

/** Its time has not come. A clock that was turned back holds nothing longer than it ever would be held. */
export function notYet(nextTryMs: number | null, nowMs: number): boolean {
  return nextTryMs !== null && nextTryMs > nowMs && nextTryMs - nowMs <= HELD_MS;
}
