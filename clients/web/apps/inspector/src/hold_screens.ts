// Where no service worker keeps the screens, the open page holds them itself: it has to go on when the network goes.
import { router } from './router';

export async function holdScreens(): Promise<void> {
  for (const route of router.getRoutes()) {
    for (const screen of Object.values(route.components ?? {})) {
      // A screen that is not loaded yet is a function that loads it.
      if (typeof screen === 'function') await (screen as () => Promise<unknown>)().catch(() => undefined);
    }
  }
  await import('./components/PhotoViewer.vue').catch(() => undefined);
}
