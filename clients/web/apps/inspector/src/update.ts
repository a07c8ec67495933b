// The service worker, where there is one: it makes the application open without a network, and tells of a new version.
import { ref } from 'vue';
import { Workbox } from 'workbox-window';

/** A new version is fetched and waits. */
export const updateWaiting = ref(false);

let worker: Workbox | null = null;

export function watchForUpdates(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  worker = new Workbox(`${import.meta.env.BASE_URL}sw.js`, { scope: import.meta.env.BASE_URL });
  worker.addEventListener('waiting', () => (updateWaiting.value = true));
  void worker.register().catch(() => undefined);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && navigator.onLine) void worker?.update().catch(() => undefined);
  });
}

/** Takes the new version: everything typed is on disk already, so the page may be loaded again. */
export function takeUpdate(): void {
  worker?.addEventListener('controlling', () => window.location.reload());
  worker?.messageSkipWaiting();
}
