import { createApp } from 'vue';
import { createWords, setLocale, setTextSize, storedLocale, storedTextSize } from '@gridwarden/ui-shared';
import '@gridwarden/ui-shared/theme/base.css';
import App from './App.vue';
import { holdScreens } from './hold_screens';
import { lacking } from './lacking';
import { router } from './router';
import MissingScreen from './screens/MissingScreen.vue';
import { watchForUpdates } from './update';

async function start() {
  setTextSize(storedTextSize());
  const words = createWords();
  await setLocale(storedLocale());
  const missing = lacking();
  if (missing.length > 0) {
    createApp(MissingScreen, { missing }).use(words).mount('#app');
    return;
  }
  createApp(App).use(words).use(router).mount('#app');
  watchForUpdates();
  if (!('serviceWorker' in navigator)) void holdScreens();
}

void start();
