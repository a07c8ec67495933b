// A device for tests: everything it answers is set by the test, its clocks move only when told.
import type { DeviceAdapter, Fix, LocationState, TakenPhoto } from './adapter';

export interface DeviceDouble extends DeviceAdapter {
  wall: number;
  mono: number;
  boot: string;
  up: boolean;
  wifi: boolean | null;
  fix: Fix | null;
  handedOut: File[];
  /** Both clocks go on. */
  pass(ms: number): void;
  /** Somebody turned the clock: only the wall moves. */
  stepClock(ms: number): void;
  goOnline(up: boolean): void;
  comeToFront(): void;
}

export function deviceDouble(wallMs = Date.UTC(2026, 10, 22, 8, 0, 0)): DeviceDouble {
  const onlineListeners = new Set<(online: boolean) => void>();
  const frontListeners = new Set<() => void>();
  const taken = (blob: Blob, origin: TakenPhoto['origin']): TakenPhoto => ({
    blob,
    contentType: 'image/jpeg',
    width: 1600,
    height: 1200,
    origin,
    takenAtMs: double.wall,
  });
  const double: DeviceDouble = {
    wall: wallMs,
    mono: 1_000,
    boot: '0194b2f0-0000-4000-8000-000000000001',
    up: true,
    wifi: null,
    fix: null,
    handedOut: [],
    pass(ms) {
      double.wall += ms;
      double.mono += ms;
    },
    stepClock(ms) {
      double.wall += ms;
    },
    goOnline(up) {
      double.up = up;
      for (const listener of onlineListeners) listener(up);
    },
    comeToFront() {
      for (const listener of frontListeners) listener();
    },
    label: () => 'Double 1, Test 1',
    watchLocation: () => {
      const state = (): LocationState => (double.fix === null ? { kind: 'searching' } : { kind: 'fix', fix: double.fix });
      return {
        subscribe: (listener) => listener(state()),
        best: () => Promise.resolve(double.fix === null ? { kind: 'unavailable', reason: 'timeout' } : state()),
        stop: () => undefined,
      };
    },
    openCamera: () => Promise.resolve({ ok: false, reason: 'unsupported' }),
    photoFromFile: (file) => Promise.resolve(taken(file, 'file')),
    storageState: () => Promise.resolve({ persisted: true, usageBytes: 0, quotaBytes: 1_000_000_000 }),
    persistStorage: () => Promise.resolve(true),
    online: () => double.up,
    onWifi: () => double.wifi,
    onOnlineChange(listener) {
      onlineListeners.add(listener);
      return () => onlineListeners.delete(listener);
    },
    onForeground(listener) {
      frontListeners.add(listener);
      return () => frontListeners.delete(listener);
    },
    wallMs: () => double.wall,
    monoMs: () => double.mono,
    bootId: () => double.boot,
    handOut(file) {
      double.handedOut.push(file);
      return Promise.resolve();
    },
    missing: () => [],
    vibrate: () => undefined,
  };
  return double;
}
