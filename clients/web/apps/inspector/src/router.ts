// Every screen is a file of its own; what the precache holds opens without a network.
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { uuidV7 } from '@gridwarden/sync/bytes';
import { currentPhone, openLast } from './phone';
import TodoScreen from './screens/TodoScreen.vue';

const detail = () => import('./screens/DetailScreen.vue');
const form = () => import('./screens/FormScreen.vue');
const apply = () => import('./screens/ApplyScreen.vue');

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'todo', component: TodoScreen, meta: { menu: true, fill: true } },
  { path: '/sign-in', name: 'sign-in', component: () => import('./screens/SignInScreen.vue'), meta: { open: true } },
  { path: '/prepare', name: 'prepare', component: () => import('./screens/PrepareScreen.vue') },
  { path: '/outbox', name: 'outbox', component: () => import('./screens/OutboxScreen.vue') },
  { path: '/drafts', name: 'drafts', component: () => import('./screens/DraftsScreen.vue') },
  // A find has its id from birth, and it stands in the address: a reload finds the same draft.
  { path: '/report', redirect: (to) => ({ path: `/report/${uuidV7(Date.now())}`, query: to.query }) },
  { path: '/report/:id', name: 'report', component: () => import('./screens/ReportScreen.vue'), props: true },

  { path: '/cases/:id/do/:form(return|postpone)', name: 'apply', component: apply, props: true },
  { path: '/cases/:id/do/:form', name: 'case-form', component: form, props: (to) => ({ ...to.params, kind: 'CASE' }) },
  { path: '/signals/:id/do/:form', name: 'signal-form', component: form, props: (to) => ({ ...to.params, kind: 'SIGNAL' }) },
  { path: '/tasks/:id/do/:form', name: 'task-form', component: form, props: (to) => ({ ...to.params, kind: 'PATROL_TASK' }) },
  { path: '/cases/:id', name: 'case', component: detail, props: (to) => ({ ...to.params, kind: 'CASE' }) },
  { path: '/signals/:id', name: 'signal', component: detail, props: (to) => ({ ...to.params, kind: 'SIGNAL' }) },
  { path: '/tasks/:id', name: 'task', component: detail, props: (to) => ({ ...to.params, kind: 'PATROL_TASK' }) },
  { path: '/sources/:id', name: 'source', component: detail, props: (to) => ({ ...to.params, kind: 'SOURCE' }) },

  { path: '/map', name: 'map', component: () => import('./screens/map/MapScreen.vue'), meta: { menu: true, fill: true } },
  { path: '/notices', name: 'notices', component: () => import('./screens/notices/NoticesScreen.vue'), meta: { menu: true } },
  { path: '/me', name: 'me', component: () => import('./screens/me/MeScreen.vue'), meta: { menu: true } },
  { path: '/me/diagnose', name: 'diagnose', component: () => import('./screens/me/DiagnoseScreen.vue') },
  { path: '/me/feedback', name: 'feedback', component: () => import('./screens/me/FeedbackScreen.vue') },
  { path: '/cases/:id/dispatch', name: 'dispatch', component: () => import('./screens/leader/DispatchScreen.vue'), props: true },
  { path: '/signals/:id/decide', name: 'decide', component: () => import('./screens/leader/SignalDecisionScreen.vue'), props: true },
  { path: '/cases/:id/sign-off', name: 'sign-off', component: () => import('./screens/leader/SignOffScreen.vue'), props: true },
  { path: '/cases/:id/order', name: 'order', component: () => import('./screens/leader/OrderScreen.vue'), props: true },
  { path: '/applications', name: 'applications', component: () => import('./screens/leader/ApplicationsScreen.vue') },
  { path: '/board', name: 'board', component: () => import('./screens/board/BoardScreen.vue') },
  { path: '/board/cases', name: 'board-cases', component: () => import('./screens/board/BoardCasesScreen.vue') },
  { path: '/board/case/:id', name: 'board-case', component: () => import('./screens/board/BoardCaseScreen.vue'), props: true },
  { path: '/:rest(.*)*', redirect: '/' },
];

export const router = createRouter({ history: createWebHistory(import.meta.env.BASE_URL), routes });

// Behind the sign-in there is always an open account. One without a PIN opens by itself, so that a phone that was killed is back at
// the form it was at.
router.beforeEach(async (to) => {
  if (to.meta['open'] === true || currentPhone()) return true;
  if (await openLast()) return true;
  return { path: '/sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

// A page that is older than the server may ask for a file that is gone. Everything typed is on disk: once, it is loaded anew.
const RELOADED = 'gridwarden.reloaded';
router.onError((error: Error, to) => {
  if (!/dynamically imported module|module script failed|preload CSS/i.test(error.message)) return;
  if (!navigator.onLine || sessionStorage.getItem(RELOADED) === to.fullPath) return;
  sessionStorage.setItem(RELOADED, to.fullPath);
  window.location.assign(router.resolve(to.fullPath).href);
});
