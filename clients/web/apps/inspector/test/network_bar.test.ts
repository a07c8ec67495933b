// @vitest-environment happy-dom
// What the bar says of the network: a phone without one, a server that is silent, a server that answers something else.
import { afterEach, describe, expect, it } from 'vitest';
import { createApp, type App } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { createWords } from '@gridwarden/ui-shared';
import type { Phone, SyncStatus } from '@gridwarden/sync';
import NetworkBar from '../src/components/NetworkBar.vue';
import { enter, leave } from '../src/phone';

let app: App | null = null;
afterEach(() => {
  app?.unmount();
  leave();
});

function said(phase: SyncStatus['phase'], online: boolean, hasNetwork: boolean): string {
  const status = { online, phase, lastSyncMs: 0, pendingOperations: 0, pendingPhotos: 0 } as SyncStatus;
  enter({
    account: { name: 'accounts/1', login: 'a', displayName: '', person: '', administrator: false },
    device: { online: () => hasNetwork },
    status: () => status,
    onStatus: () => () => undefined,
    close: () => undefined,
  } as unknown as Phone);
  const page = document.createElement('div');
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:rest(.*)*', component: { render: () => null } }],
  });
  app = createApp(NetworkBar);
  app.use(createWords()).use(router).mount(page);
  return page.querySelector('[data-testid="net-online"]')?.textContent?.trim() ?? '';
}

describe('the network bar', () => {
  it('says “no network” only of a phone that has none', () => {
    expect(said('idle', false, false)).toBe('没有网络');
  });
  it('says of a silent server that it cannot be reached', () => {
    expect(said('backoff', false, true)).toBe('连不上服务器');
  });
  it('says of a server that answered with an error that the sync did not succeed', () => {
    expect(said('backoff', true, true)).toBe('同步没有成功');
  });
  it('says online when nothing is wrong', () => {
    expect(said('idle', true, true)).toBe('有网络');
  });
});
