import { createRouter, createWebHistory } from 'vue-router';

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [
    { path: '/', redirect: '/board' },
    { path: '/board', component: () => import('./screens/BoardPage.vue') },
    { path: '/cases', component: () => import('./screens/CasesPage.vue') },
    { path: '/cases/:id', component: () => import('./screens/CasePage.vue') },
    { path: '/devices', component: () => import('./screens/DevicesPage.vue') },
    { path: '/:rest(.*)*', redirect: '/board' },
  ],
});
