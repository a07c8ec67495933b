// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LocationState } from '../src/adapter';
import { better, watchLocation } from '../src/location';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const NOW = 1_800_000_000_000;

/** A receiver whose answers the test gives. */
function receiver() {
  let tell: PositionCallback = () => undefined;
  let fail: PositionErrorCallback = () => undefined;
  const cleared: number[] = [];
  const geolocation = {
    watchPosition(success: PositionCallback, error: PositionErrorCallback) {
      tell = success;
      fail = error;
      return 7;
    },
    clearWatch: (id: number) => void cleared.push(id),
  } as unknown as Geolocation;
  const fix = (accuracy: number, ms: number): void =>
    tell({ timestamp: NOW + ms, coords: { longitude: 114, latitude: 33, accuracy } } as GeolocationPosition);
  const error = (code: number): void =>
    fail({ code, PERMISSION_DENIED: 1, POSITION_UNAVAILABLE: 2, TIMEOUT: 3 } as GeolocationPositionError);
  return { geolocation, fix, error, cleared };
}

test('keeps the best fix, and gives up an old one that was more exact', () => {
  const exact = { longitude: 1, latitude: 2, accuracyM: 8, timeMs: NOW };
  expect(better(exact, { ...exact, accuracyM: 30, timeMs: NOW + 5_000 })).toBe(exact);
  expect(better(exact, { ...exact, accuracyM: 5, timeMs: NOW + 5_000 })).toMatchObject({ accuracyM: 5 });
  expect(better(exact, { ...exact, accuracyM: 30, timeMs: NOW + 60_000 })).toMatchObject({ accuracyM: 30 });
});

test('answers a good fix at once, a poor one when the time is over, and none when there is none', async () => {
  const phone = receiver();
  const watch = watchLocation(phone.geolocation, true);
  const seen: LocationState['kind'][] = [];
  watch.subscribe((state) => seen.push(state.kind));
  const none = watch.best(15_000);
  vi.advanceTimersByTime(15_000);
  expect(await none).toEqual({ kind: 'unavailable', reason: 'timeout' });
  const poor = watch.best(15_000);
  phone.fix(80, 0);
  vi.advanceTimersByTime(15_000);
  expect(await poor).toMatchObject({ kind: 'fix', fix: { accuracyM: 80, timeMs: NOW } });
  const good = watch.best(15_000);
  phone.fix(12, 1_000);
  expect(await good).toMatchObject({ kind: 'fix', fix: { accuracyM: 12 } });
  expect(seen).toEqual(['searching', 'fix', 'fix']);
  watch.stop();
  expect(phone.cleared).toEqual([7]);
});

test('says why there is none, and never blocks', async () => {
  expect(await watchLocation(undefined, true).best(15_000)).toEqual({ kind: 'unavailable', reason: 'unsupported' });
  expect(await watchLocation(receiver().geolocation, false).best(15_000)).toEqual({ kind: 'unavailable', reason: 'insecure' });
  const phone = receiver();
  const watch = watchLocation(phone.geolocation, true);
  const asked = watch.best(15_000);
  phone.error(1);
  expect(await asked).toEqual({ kind: 'unavailable', reason: 'denied' });
});

test('a receiver that loses the sky keeps the fix it had', async () => {
  const phone = receiver();
  const watch = watchLocation(phone.geolocation, true);
  phone.fix(10, 0);
  phone.error(3);
  expect(await watch.best(15_000)).toMatchObject({ kind: 'fix', fix: { accuracyM: 10 } });
});

test('a receiver that timed out may still find one', async () => {
  const phone = receiver();
  const watch = watchLocation(phone.geolocation, true);
  phone.error(3);
  phone.fix(15, 0);
  expect(await watch.best(15_000)).toMatchObject({ kind: 'fix' });
});
