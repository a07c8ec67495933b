// @vitest-environment happy-dom
// 签字 on the screen, with a phone that answers from a script: what is shown, what is sent, what stays when it fails.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, nextTick, type App } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { createWords } from '@gridwarden/ui-shared';
import { RpcError, type Phone, type SyncStatus } from '@gridwarden/sync';
import { enter, leave } from '../src/phone';
import SignOffScreen from '../src/screens/leader/SignOffScreen.vue';

const SIGN_OFF = 'gridwarden.casework.v1.CaseworkService/SignOff';
const status: SyncStatus = {
  online: true,
  phase: 'idle',
  lastSyncMs: 0,
  pendingOperations: 0,
  pendingPhotos: 0,
  refused: 0,
  clockSkewMs: 0,
  asOfIndex: null,
  nextTryMs: null,
  error: null,
};
const subject = {
  name: 'cases/c1',
  caseNo: '411728-2026-00007',
  state: 'SIGN_OFF',
  fixer: 'persons/fixer',
  checker: 'persons/checker',
  etag: '9',
  passTime: '2026-11-20T08:00:00Z',
  totalDueTime: '2026-11-25T08:00:00Z',
};
const events = [
  { action: 'SUBMIT', evidence: [{ media: 'media/aa', kind: 'NEAR' }], personDisplayName: '朱伟' },
  {
    action: 'SUBMIT_FEEDBACK',
    evidence: [{ media: 'media/bb', kind: 'AFTER' }],
    personDisplayName: '吴霞',
    postDisplayName: 'GRID_OFFICER 人民街街道',
  },
  { action: 'PASS', personDisplayName: '吴勇', eligibility: 'R4 与整改人无隶属关系' },
];

let app: App;
let page: HTMLElement;
let answers: Record<string, (request: Record<string, unknown>) => unknown>;
let sent: { rpc: string; request: Record<string, unknown> }[];
let drafts: Map<string, unknown>;

async function open(person: string, now: SyncStatus = status): Promise<void> {
  const phone = {
    account: { name: 'accounts/1', login: 'a', displayName: '郑娟', person, administrator: false },
    device: {},
    db: { records: { get: async () => undefined } },
    status: () => now,
    onStatus: (listener: (s: SyncStatus) => void) => {
      listener(now);
      return () => undefined;
    },
    close: () => undefined,
    nameOf: (name: string) => name,
    reference: async () => undefined,
    photoBlob: async () => null,
    syncNow: async () => now,
    draftOf: async (form: string, about: string) => drafts.get(`${form}:${about}`),
    saveDraft: async (draft: { draftId: string }) => void drafts.set(draft.draftId, JSON.parse(JSON.stringify(draft))),
    removeDraft: async (id: string) => void drafts.delete(id),
    call: async (rpc: string, request: Record<string, unknown>) => {
      sent.push({ rpc, request });
      return answers[rpc]!(request);
    },
  } as unknown as Phone;
  enter(phone);
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/cases/:id/sign-off', component: SignOffScreen },
      { path: '/:rest(.*)*', component: { render: () => null } },
    ],
  });
  await router.push('/cases/c1/sign-off');
  page = document.body.appendChild(document.createElement('div'));
  app = createApp(SignOffScreen);
  app.use(createWords()).use(router).mount(page);
  await settle();
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; ++i) {
    await Promise.resolve();
    await nextTick();
  }
}

const button = () => page.querySelector<HTMLButtonElement>('[data-testid=sign]');
async function choose(which: 'sign' | 'refuse'): Promise<void> {
  const radio = page.querySelector<HTMLInputElement>(`input[value=${which}]`)!;
  radio.checked = true;
  radio.dispatchEvent(new Event('change'));
  await settle();
}

beforeEach(() => {
  sent = [];
  drafts = new Map();
  answers = {
    'gridwarden.casework.v1.CaseworkService/GetCase': () => subject,
    'gridwarden.casework.v1.CaseworkService/ListCaseEvents': () => ({ events }),
    [SIGN_OFF]: () => ({ ...subject, state: 'CLOSED' }),
  };
});
afterEach(() => {
  app.unmount();
  page.remove();
  leave();
  vi.restoreAllMocks();
});

describe('signing off', () => {
  it('shows who fixed and who checked, in the field’s words, and why the checker was independent', async () => {
    await open('persons/leader');
    expect(page.textContent).toContain('吴霞 · 网格员 人民街街道');
    expect(page.textContent).toContain('吴勇');
    expect(page.textContent).toContain('R4 与整改人无隶属关系');
    expect(page.querySelector('[data-testid=independent]')).not.toBeNull();
    expect(page.textContent).toContain('未超期');
  });

  it('sends the signature for the case as it was read, once, and ends the draft', async () => {
    await open('persons/leader');
    expect(button()!.disabled).toBe(true);
    await choose('sign');
    expect(drafts.size).toBe(1);
    button()!.click();
    button()!.click();
    await settle();
    const signatures = sent.filter((one) => one.rpc === SIGN_OFF);
    expect(signatures).toHaveLength(1);
    expect(signatures[0]!.request).toEqual({ name: 'cases/c1', sign: true, reason: '', etag: '9' });
    expect(page.querySelector('[data-testid=done]')!.textContent).toContain('已签字结案');
    expect(drafts.size).toBe(0);
  });

  it('wants a reason to refuse, and keeps it when the server says no', async () => {
    answers[SIGN_OFF] = () => {
      throw new RpcError('failed_precondition', 'ILLEGAL_TRANSITION', '案卷已不在待签字', 'not to be signed');
    };
    await open('persons/leader');
    await choose('refuse');
    expect(button()!.disabled).toBe(true);
    const reason = page.querySelector('textarea')!;
    reason.value = '照片看不清';
    reason.dispatchEvent(new Event('input'));
    await settle();
    button()!.click();
    await settle();
    expect(page.querySelector('[data-testid=decision-error]')!.textContent).toContain('案卷已不在待签字');
    expect(page.querySelector('textarea')!.value).toBe('照片看不清');
    expect(JSON.stringify([...drafts.values()])).toContain('照片看不清');
  });

  it.each([
    ['persons/fixer', '您是整改人'],
    ['persons/checker', '您是核查人'],
  ])('offers nothing to %s', async (person, words) => {
    await open(person);
    expect(page.textContent).toContain(words);
    expect(button()).toBeNull();
  });

  it('without a network says so and cannot be pressed', async () => {
    await open('persons/leader', { ...status, online: false });
    await choose('sign');
    expect(page.querySelector('[data-testid=needs-network]')).not.toBeNull();
    expect(button()!.disabled).toBe(true);
  });
});
