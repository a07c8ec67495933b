// Where the phone is: watched from the moment a screen opens, so that a fix is at hand when it is needed. The best fix so far is
// kept; nobody waits longer than asked (clients.md 3.5).
import type { Fix, LocationState, LocationWatch } from './adapter';

/** A fix this much older than the newest gives way to it, however exact it was: people walk. */
const STALE_MS = 30_000;

export function watchLocation(geolocation: Geolocation | undefined, secure: boolean): LocationWatch {
  const listeners = new Set<(state: LocationState) => void>();
  let state: LocationState = { kind: 'searching' };
  let watch: number | null = null;

  const tell = (next: LocationState): void => {
    state = next;
    for (const listener of listeners) listener(state);
  };

  if (!secure) state = { kind: 'unavailable', reason: 'insecure' };
  else if (geolocation === undefined) state = { kind: 'unavailable', reason: 'unsupported' };
  else {
    watch = geolocation.watchPosition(
      (position) => {
        const fix = fixOf(position);
        if (fix !== null) tell({ kind: 'fix', fix: better(state.kind === 'fix' ? state.fix : null, fix) });
      },
      (error) => {
        // A fix that was found stays; a receiver that is still searching may find one yet.
        if (state.kind === 'fix') return;
        if (error.code === error.PERMISSION_DENIED) tell({ kind: 'unavailable', reason: 'denied' });
        else if (error.code === error.TIMEOUT) tell({ kind: 'unavailable', reason: 'timeout' });
        else tell({ kind: 'searching' });
      },
      { enableHighAccuracy: true, maximumAge: 10_000, timeout: 60_000 },
    );
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      listener(state);
    },
    best(softLimitMs) {
      if (state.kind === 'unavailable') return Promise.resolve(state);
      if (state.kind === 'fix' && state.fix.accuracyM <= 20) return Promise.resolve(state);
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          listeners.delete(look);
          resolve(state.kind === 'searching' ? { kind: 'unavailable', reason: 'timeout' } : state);
        };
        const look = (now: LocationState): void => {
          if (now.kind === 'unavailable' || (now.kind === 'fix' && now.fix.accuracyM <= 20)) done();
        };
        const timer = setTimeout(done, softLimitMs);
        listeners.add(look);
      });
    },
    stop() {
      if (watch !== null) geolocation?.clearWatch(watch);
      watch = null;
      listeners.clear();
    },
  };
}

/** A fix as the receiver gave it; null for one that cannot be right. */
export function fixOf(position: GeolocationPosition): Fix | null {
  const { longitude, latitude, accuracy } = position.coords;
  if (!Number.isFinite(longitude) || !Number.isFinite(latitude)) return null;
  return { longitude, latitude, accuracyM: Number.isFinite(accuracy) ? accuracy : 0, timeMs: Math.round(position.timestamp) };
}

/** The better of two: the newer one, unless the older is more exact and not stale. */
export function better(held: Fix | null, found: Fix): Fix {
  if (held === null || found.timeMs - held.timeMs > STALE_MS) return found;
  return found.accuracyM <= held.accuracyM ? found : held;
}
