// @vitest-environment happy-dom
// 督办 on the screen: what a leader may do with an order as it stands, and what is sent for it.
import { afterEach, describe, expect, it } from 'vitest';
import { createApp, h, nextTick, type App } from 'vue';
import type { SupervisionOrderJson } from '@gridwarden/proto';
import type { Phone } from '@gridwarden/sync';
import { createWords } from '@gridwarden/ui-shared';
import { enter, leave } from '../src/phone';
import { orderCall, type OrderAct } from '../src/screens/leader/order_acts';
import OrderCard from '../src/screens/leader/OrderCard.vue';

let app: App;
let page: HTMLElement;
let decided: [OrderAct, string, string][];

async function show(order: SupervisionOrderJson): Promise<void> {
  decided = [];
  enter({
    nameOf: (name: string) => name,
    status: () => ({ online: true }),
    onStatus: () => () => undefined,
    close: () => undefined,
  } as unknown as Phone);
  page = document.body.appendChild(document.createElement('div'));
  app = createApp({
    render: () =>
      h(OrderCard, {
        order: { addresseeDisplayName: 'GRID_OFFICER 青松东村', ...order },
        busy: false,
        onDecide: (...said: [OrderAct, string, string]) => void decided.push(said),
      }),
  });
  app.use(createWords()).mount(page);
  await nextTick();
}

const at = <E extends HTMLElement>(id: string) => page.querySelector<E>(`[data-testid=${id}]`);
async function tap(id: string): Promise<void> {
  at(id)!.click();
  await nextTick();
}
async function fill(id: string, value: string): Promise<void> {
  const field = at<HTMLInputElement>(id)!;
  field.value = value;
  field.dispatchEvent(new Event('input'));
  await nextTick();
}

afterEach(() => {
  app.unmount();
  page.remove();
  leave();
});

describe('an order over a case', () => {
  it('that the system proposed is issued with a demand, or turned down with a reason', async () => {
    await show({ kind: 'PRESS', state: 'PROPOSED' });
    expect(page.textContent).toContain('系统按规则建议');
    await tap('order-decide');
    expect(at<HTMLButtonElement>('order-issue')!.disabled).toBe(true);
    await fill('order-reason', ' 三日内清理 ');
    await tap('order-issue');
    await tap('order-decline');
    expect(decided).toEqual([
      ['issue', '三日内清理', ''],
      ['decline', '三日内清理', ''],
    ]);
  });

  it('of the county is issued only with a day by which it has to be solved', async () => {
    await show({ kind: 'COUNTY_LIMIT', state: 'PROPOSED' });
    await tap('order-decide');
    await fill('order-reason', '限期办结');
    expect(at<HTMLButtonElement>('order-issue')!.disabled).toBe(true);
    expect(at<HTMLButtonElement>('order-decline')!.disabled).toBe(false);
    await fill('order-limit', '2026-12-01');
    await tap('order-issue');
    expect(decided).toEqual([['issue', '限期办结', '2026-12-01']]);
  });

  it.each([
    ['REPLIED', ['accept', 'notEnough']],
    ['ACCEPTED', ['lift']],
  ] as const)('that is %s offers what may follow', async (state, acts) => {
    await show({ kind: 'PRESS', state });
    await tap('order-decide');
    expect([...page.querySelectorAll('button')].map((one) => one.dataset['testid'])).toEqual(acts.map((act) => `order-${act}`));
  });

  it.each([
    ['PRESS', 'ISSUED'],
    ['PRESS', 'DECLINED'],
    ['PRESS', 'LIFTED'],
    ['LISTED', 'PROPOSED'],
  ] as const)('of kind %s that is %s offers nothing', async (kind, state) => {
    await show({ kind, state });
    expect(page.querySelector('button')).toBeNull();
  });

  it('is decided as it was read: every call names it and its etag', () => {
    const order = { name: 'supervisionOrders/1', etag: '7' };
    const about = { name: 'supervisionOrders/1', etag: '7' };
    expect(orderCall(order, 'issue', 'w', '')).toEqual({ rpc: 'IssueOrder', request: { ...about, demand: 'w' } });
    expect(orderCall(order, 'issue', 'w', '2026-12-01').request).toMatchObject({ limitTime: '2026-12-01T18:00:00+08:00' });
    expect(orderCall(order, 'decline', 'w', '')).toEqual({ rpc: 'IssueOrder', request: { ...about, decline: true, reason: 'w' } });
    expect(orderCall(order, 'accept', 'w', '')).toEqual({ rpc: 'AcceptOrder', request: { ...about, accept: true, reason: 'w' } });
    expect(orderCall(order, 'notEnough', 'w', '')).toEqual({ rpc: 'AcceptOrder', request: { ...about, accept: false, reason: 'w' } });
    expect(orderCall(order, 'lift', 'w', '')).toEqual({ rpc: 'LiftOrder', request: { ...about, reason: 'w' } });
  });
});
