// Those who lead, on the phone: the office decides on a find and gives it to whoever puts it right; the leader signs a case that was
// checked, and sees the board change.
import { check, same, scenario, waitFor } from '../harness/scenario.ts';
import { goOut } from './offline_day.ts';

scenario('the office decides and dispatches on the phone, the leader signs, and the board changes', async (stage) => {
  const { server } = stage;
  const { toDecide, toSign } = server.world;
  const board = async (): Promise<Record<string, unknown>> =>
    ((await server.call('G002', 'gridwarden.report.v1.ReportService/GetBoard', { division: server.division('411702001') })).total ??
      {}) as Record<string, unknown>;
  const before = await board();
  let inspector = await goOut(stage, await stage.phone(), 'G001');

  await inspector.go(`/${toDecide}/decide`);
  await inspector.page.locator('input[name="choice"][value="file"]').check();
  await inspector.tap('decide-signal');
  await inspector.at('done').waitFor();
  await inspector.tap('next');
  await inspector.page.locator('input[name="handler"]:not([disabled])').first().check();
  await inspector.tap('dispatch');
  await inspector.at('done').waitFor();
  const signal = await server.call('G002', 'gridwarden.casework.v1.CaseworkService/GetSignal', { name: toDecide });
  const filed = await server.call('G002', 'gridwarden.casework.v1.CaseworkService/GetCase', { name: signal.case ?? '' });
  same(filed.state, 'DISPATCHED', 'the new case');

  inspector = await goOut(stage, await stage.phone(), 'G002');
  await inspector.go(`/${toSign}/sign-off`);
  await inspector.page.locator('input[name="sign"][value="sign"]').check();
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
    return new RegExp(`结案[^0-9]*${Number(after['closed'] ?? 0)}`).test(words.replaceAll(/\s+/g, ' '));
  });
  return `closed ${Number(before['closed'] ?? 0)} -> ${Number(after['closed'] ?? 0)}`;
});
