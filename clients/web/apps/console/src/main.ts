import { createWords, setLocale, storedLocale } from '@gridwarden/ui-shared';
import '@gridwarden/ui-shared/theme/base.css';
import '@gridwarden/ui-shared/desk/desk.css';
import { createApp } from 'vue';
import App from './App.vue';
import { router } from './router';
import './kit.css';

const words = createWords({
  'zh-CN': () => import('@gridwarden/ui-shared/i18n/zh-CN/desk'),
  en: () => import('@gridwarden/ui-shared/i18n/en/desk'),
});
const app = createApp(App);
app.use(words);
app.use(router);
// The words come before the first screen, so that none shows its keys.
void setLocale(storedLocale()).then(() => app.mount('#app'));
