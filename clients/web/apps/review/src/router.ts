import { createRouter, createWebHistory } from 'vue-router';

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [
    { path: '/', component: () => import('./FindPage.vue') },
    { path: '/cases/:no', component: () => import('./CasePage.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
});
