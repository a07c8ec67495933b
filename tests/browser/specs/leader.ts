// Those who lead, on the phone: what they decide, what they order, what they sign, and the board that tells how their ground stands.
import { Casework } from '../harness/casework.ts';
import { everybodyCanUse } from '../harness/reachable.ts';
import { check, same, scenario, waitFor, type Stage } from '../harness/scenario.ts';
import type { Inspector } from '../pages/inspector.ts';
import { goOut, killedOutdoors } from './offline_day.ts';

const SUPERVISION = 'gridwarden.casework.v1.SupervisionService';

async function leaderOf(stage: Stage, login: string): Promise<Inspector> {
  return goOut(stage, await stage.phone(), login);
}

scenario('the office decides and dispatches on the phone, the leader signs, and the board changes', async (stage) => {
  const { server } = stage;
  const { toDecide, toSign } = server.world;
  const board = async (): Promise<Record<string, unknown>> =>
    ((await server.call('G002', 'gridwarden.report.v1.ReportService/GetBoard', { division: server.division('411702001') })).total ??
      {}) as Record<string, unknown>;
  const before = await board();
  let inspector = await leaderOf(stage, 'G001');

  await inspector.go(`/${toDecide}/decide`);
  await inspector.pick('choice', 'file');
  await inspector.tap('decide-signal');
  await inspector.at('done').waitFor();
  await inspector.tap('next');
  await inspector.page.locator('input[name="handler"]:not([disabled])').first().check();
  await inspector.tap('dispatch');
  await inspector.at('done').waitFor();
  const signal = await server.call('G002', 'gridwarden.casework.v1.CaseworkService/GetSignal', { name: toDecide });
  const filed = await server.call('G002', 'gridwarden.casework.v1.CaseworkService/GetCase', { name: signal.case ?? '' });
  same(filed.state, 'DISPATCHED', 'the new case');

  inspector = await leaderOf(stage, 'G002');
  await inspector.go(`/${toSign}/sign-off`);
  await inspector.pick('sign', 'sign');
  await inspector.tap('sign');
  await inspector.at('done').waitFor();
  const signed = await server.call('G002', 'gridwarden.casework.v1.CaseworkService/GetCase', { name: toSign });
  check(['CLOSED', 'MONITORING'].includes(signed.state ?? ''), `the signed case is ${signed.state}`);

  const after = await waitFor('the board to count it', async () => {
    const now = await board();
    return Number(now['closed'] ?? 0) > Number(before['closed'] ?? 0) && now;
  });
  await inspector.go('/board');
  await inspector.at('board-row').first().waitFor();
  await waitFor('the board on the phone to say so', async () => {
    const words = await inspector.page.locator('main').innerText();
    return Number(/结案[^0-9]*(\d+)/.exec(words.replaceAll(/\s+/g, ' '))?.[1] ?? -1) >= Number(after['closed'] ?? 0);
  });
  return `closed ${Number(before['closed'] ?? 0)} -> ${Number(after['closed'] ?? 0)}`;
});

scenario(
  'the office sends somebody to look, who looks without a network and a killed phone, and the office rejects with a reason',
  async (stage) => {
    const casework = new Casework(stage.server);
    const lead = await casework.lead('群众来电：村口有人烧垃圾');
    const office = await leaderOf(stage, 'G001');
    await office.go(`/${lead}/decide`);
    await office.at('decide-signal').waitFor();
    same(await office.page.locator('input[name="choice"][value="file"]').count(), 0, 'ways to file what nobody has seen');
    await office.pick('choice', 'onsite');
    check(!(await office.at('decide-signal').isEnabled()), 'somebody may be sent without saying who');
    await office.page.locator('select').selectOption(stage.server.post('P025'));
    await office.tap('decide-signal');
    await office.at('done').waitFor();
    const asked = await casework.signal(lead);
    same([asked.state, asked.onsiteCheck?.post], ['ONSITE_CHECK', stage.server.post('P025')], 'what the server knows of the look');

    const phone = await stage.phone();
    let officer = await goOut(stage, phone, 'P025');
    await officer.row(lead).waitFor();
    await phone.goOffline();
    await officer.openRow(lead);
    await officer.tap('action-onsite_check');
    await officer.tap('result-ABSENT');
    await waitFor('the outcome to be saved', async () => JSON.stringify((await officer.rows()).drafts).includes('ABSENT'));
    officer = await killedOutdoors(phone, `${lead}/do/onsite_check`);
    await officer.shoot('take-photo-ABSENCE');
    await officer.submit();
    check(!(await casework.signal(lead)).onsiteCheck?.result, 'the server knows before it was told');
    await phone.goOnline();
    await officer.everythingArrived();
    const seen = await casework.signal(lead);
    same(seen.onsiteCheck?.result, 'ABSENT', 'the outcome on the server');
    same(
      (seen.evidence ?? []).map((one) => one.kind),
      ['ABSENCE'],
      'photos of the look',
    );

    await office.go(`/${lead}/decide`);
    await office.pick('choice', 'reject');
    check(!(await office.at('decide-signal').isEnabled()), 'it may be rejected without a reason');
    // What the officer photographed opens as large as it is.
    await office.at('photo').getByRole('button').first().click();
    await office.page.locator('.van-image-preview img').first().waitFor();
    await office.page.locator('.van-image-preview__close-icon').click();
    await office.pick('reason', 'ABSENT');
    await office.page.locator('textarea').fill('现场核实未见焚烧痕迹');
    await office.tap('decide-signal');
    await office.at('done').waitFor();
    const over = await casework.signal(lead);
    same([over.state, over.rejectReason], ['REJECTED', '现场核实不存在：现场核实未见焚烧痕迹'], 'the signal');
  },
);

scenario('what an identified reporter told takes two people to reject: the office proposes, the county does it', async (stage) => {
  const casework = new Casework(stage.server);
  const lead = await casework.lead('实名举报：夜间烧烤油烟', { reporterIdentified: true });
  for (const [login, state] of [
    ['G001', 'NEW'],
    ['G006', 'REJECTED'],
  ] as const) {
    const inspector = await leaderOf(stage, login);
    await inspector.go(`/${lead}/decide`);
    await inspector.pick('choice', 'reject');
    await inspector.pick('reason', 'NOT_POLLUTION');
    await inspector.tap('decide-signal');
    await inspector.at('done').waitFor();
    same((await casework.signal(lead)).state, state, `the signal after ${login}`);
  }
});

scenario('the leader presses, finds the reply too thin, accepts the next one and lifts the order, all on the phone', async (stage) => {
  const { server } = stage;
  const name = await new Casework(server).handled('P026');
  const order = async () => {
    const { orders = [] } = await server.call('G002', `${SUPERVISION}/ListOrders`, { case: name, pageSize: 20 });
    same(orders.length, 1, 'orders over the case');
    return orders[0]!;
  };
  const reply = async (statement: string): Promise<void> => {
    const { name: standing = '' } = await order();
    await server.call('P026', `${SUPERVISION}/ReplyToOrder`, { requestId: crypto.randomUUID(), name: standing, statement });
  };
  const inspector = await leaderOf(stage, 'G002');
  await inspector.go(`/${name}/order`);
  await inspector.at('issue-order').waitFor();
  check(!(await inspector.at('issue-order').isEnabled()), 'an order without a demand');
  await inspector.at('order-demand').fill('两日内说明未整改原因并清理到位');
  await inspector.tap('issue-order');
  await inspector.at('done').waitFor();
  const issued = await order();
  same([issued.kind, issued.state, issued.demand], ['PRESS', 'ISSUED', '两日内说明未整改原因并清理到位'], 'the order');

  const decide = async (tap: string, words: string, state: string): Promise<void> => {
    await inspector.go(`/${name}/order`);
    await inspector.at('order').waitFor();
    await everybodyCanUse(inspector.page, 'an order');
    check(!(await inspector.at('issue-order').isEnabled()), 'a second order of its kind beside the standing one');
    await inspector.tap('order-decide');
    check(!(await inspector.at(tap).isEnabled()), 'a decision without a reason');
    await inspector.at('order-reason').fill(words);
    await inspector.tap(tap);
    await inspector.at('done').waitFor();
    same((await order()).state, state, `the order after ${tap}`);
  };
  await reply('正在办');
  await decide('order-notEnough', '未说明原因', 'ISSUED');
  await reply('已联系清运，今日完成');
  await decide('order-accept', '说明属实', 'ACCEPTED');
  await inspector.go(`/${name}/order`);
  await inspector.tap('order-decide');
  await inspector.at('order-reason').fill('已清理');
  await inspector.tap('order-lift');
  await inspector.at('done').waitFor();
  same((await order()).state, 'LIFTED', 'the order at the end');
});

scenario('the leader refuses to sign with a reason, it is checked again, and then he signs', async (stage) => {
  const casework = new Casework(stage.server);
  const name = await casework.passed('P027');
  const inspector = await leaderOf(stage, 'G002');
  await inspector.go(`/${name}/sign-off`);
  await inspector.at('independent').waitFor();
  await inspector.pick('sign', 'refuse');
  check(!(await inspector.at('sign').isEnabled()), 'a refusal without a reason');
  await inspector.page.locator('textarea').fill('核查照片看不清现场');
  await inspector.tap('sign');
  await inspector.at('done').waitFor();
  same((await casework.case(name)).state, 'CHECKING', 'the case after the refusal');
  await casework.pass(name);
  await inspector.go(`/${name}/sign-off`);
  await inspector.pick('sign', 'sign');
  await inspector.tap('sign');
  await inspector.at('done').waitFor();
  const over = await casework.case(name);
  check(['CLOSED', 'MONITORING'].includes(over.state ?? ''), `the signed case is ${over.state}`);
  same(new Set([over.fixer, over.checker, over.signer]).size, 3, 'persons who fixed, checked and signed');
  const words = (await stage.server.call('G009', 'gridwarden.casework.v1.CaseworkService/ListCaseEvents', { name })).events ?? [];
  check(
    words.some((one) => one.reason === '核查照片看不清现场'),
    'the reason of the refusal is not in the history',
  );
});

scenario(
  'the board says as of when and how many phones may know more, and opens down to the village, the case and its photo',
  async (stage) => {
    const { server } = stage;
    const name = await new Casework(server).passed('P028');
    const { caseNo = '' } = await new Casework(server).case(name);
    // A phone of the ground that is silent for two hours.
    const silent = await leaderOf(stage, 'P029');
    await silent.page.close();
    const person = server.world.people['P029']?.name;
    server.sql(
      `UPDATE device SET synced_us = synced_us - 7200000000 WHERE account = (SELECT account_id FROM account WHERE display_name = '${person}')`,
    );
    const division = server.division('411702001');
    const inspector = await leaderOf(stage, 'G002');
    await inspector.go('/board');
    await inspector.at('board-row').first().waitFor();
    const main = inspector.page.locator('main');
    check(/截至/.test(await main.innerText()), `the board does not say as of when: ${await main.innerText()}`);
    const counts = await server.call('G002', 'gridwarden.sync.v1.DeviceService/CountDevices', { division });
    check(Number(counts.notSynced ?? 0) >= 1, `the server knows of ${counts.notSynced} silent phones`);
    const said = /有 (\d+) 台/.exec(await inspector.words('devices'));
    same(Number(said?.[1]), Number(counts.notSynced), `silent phones; the board says: ${await inspector.words('devices')}`);

    const { total, children = [] } = await server.call('G002', 'gridwarden.report.v1.ReportService/GetBoard', { division });
    same(Number(/\d+/.exec(await inspector.words('measure-OPEN'))?.[0]), Number(total?.open ?? 0), 'open cases on the board');
    const village = children.find((row) => row.division === server.division('411702001201'));
    check(Number(village?.open ?? 0) > 0, 'the village has no open case');
    await inspector
      .at('board-row')
      .filter({ hasText: village?.displayName ?? '' })
      .click();
    await inspector.page.getByRole('heading', { level: 2, name: village?.displayName ?? '' }).waitFor();
    await inspector.tap('measure-OPEN');
    await inspector.at('board-case').filter({ hasText: caseNo }).click();
    await inspector.at('photo').first().waitFor();
    await everybodyCanUse(inspector.page, 'a case of the board');
    check((await inspector.at('photo').count()) >= 6, `${await inspector.at('photo').count()} photos of find, fix and check`);
    await inspector.at('photo').getByRole('button').first().click();
    const large = inspector.page.locator('.van-image-preview img').first();
    await waitFor('the photo to be there as large as it is', () =>
      large
        .evaluate((image) => (image as HTMLImageElement).naturalWidth)
        .then((width) => width === 160)
        .catch(() => false),
    );

    // Without a network the board of before is shown, and says how old it is.
    await inspector.go('/board');
    await inspector.at('board-row').first().waitFor();
    await stage.phones.at(-1)!.goOffline();
    await inspector.page.reload();
    await inspector.at('stale').waitFor();
    same(Number(/\d+/.exec(await inspector.words('measure-OPEN'))?.[0]), Number(total?.open ?? 0), 'open cases on the board of before');
  },
);
