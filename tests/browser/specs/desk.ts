// At a desk: the console and the review workspace, also on a phone's width, for everybody; and that the review proves what it shows.
import { Casework } from '../harness/casework.ts';
import { everybodyCanUse, nothingBesideTheScreen, settled } from '../harness/reachable.ts';
import { check, same, scenario, waitFor } from '../harness/scenario.ts';
import { Desk } from '../pages/desk.ts';
import { goOut } from './offline_day.ts';

for (const locale of ['zh-CN', 'en-US'] as const) {
  scenario(`the console can be used by everybody, at a desk and on a phone: ${locale}`, async (stage) => {
    const { server } = stage;
    const name = await new Casework(server).handled('P029');
    const desk = await Desk.open(await stage.phone({ app: 'console', locale }), 'G007', server.world.password);
    // Chinese unless the person says otherwise.
    if (locale === 'en-US') await desk.speakEnglish();
    for (const [width, height] of [
      [1280, 800],
      [360, 740],
    ] as const) {
      await desk.page.setViewportSize({ width, height });
      for (const [path, wanted] of [
        ['board', 'board-row'],
        ['cases', 'case-row'],
        [name, 'history-line'],
        ['devices', 'sign-out'],
      ] as const) {
        await desk.go(path);
        await desk.at(wanted).first().waitFor();
        await settled(desk.page);
        await nothingBesideTheScreen(desk.page, `${path} at ${width} px`);
        await everybodyCanUse(desk.page, `${path} at ${width} px`);
      }
    }
    await desk.go('board');
    await desk.at('board-row').first().waitFor();
    const { total } = await server.call('G007', 'gridwarden.report.v1.ReportService/GetBoard', { division: server.division('411702') });
    const shown = await desk.number('CASES');
    check(shown >= 1 && shown <= Number(total?.cases ?? 0), `the console counts ${shown} cases, the server ${total?.cases}`);
  });
}

scenario('the review proves the photos and signatures of a case itself, and sees what somebody changed in the database', async (stage) => {
  const { server } = stage;
  const casework = new Casework(server);
  const name = await casework.dispatched('P028');
  const { caseNo = '' } = await casework.case(name);
  const inspector = await goOut(stage, await stage.phone(), 'P028');
  await inspector.go(`/${name}`);
  await inspector.tap('action-accept');
  await waitFor('the acceptance to be kept', async () => (await inspector.rows()).operations.length === 1);
  await inspector.go(`/${name}/do/evidence`);
  await inspector.shoot();
  await inspector.submit();
  await inspector.everythingArrived();

  const desk = await Desk.open(await stage.phone({ app: 'review' }), 'D001', server.world.password);
  await desk.at('case-no').waitFor();
  await everybodyCanUse(desk.page, 'the search');
  await desk.at('case-no').fill(caseNo);
  await desk.page.locator('form button[type="submit"]').click();
  const prove = async (): Promise<[number, number]> => {
    await desk.at('verify-all').waitFor();
    await waitFor('both operations of the phone', async () => (await desk.at('operation').count()) === 2);
    await desk.at('verify-all').click();
    await waitFor(
      'everything to be looked at',
      async () => (await desk.at('verify-all').isEnabled()) && (await desk.at('photo-same').count()) > 0,
    );
    await settled(desk.page);
    return [await desk.at('photo-same').count(), await desk.at('signature-good').count()];
  };
  await desk.at('photo').first().waitFor();
  const photos = await desk.at('photo').count();
  check(photos >= 2, `${photos} photos of the case`);
  same(await prove(), [photos, 2], 'photos and signatures that are as they were');
  await everybodyCanUse(desk.page, 'the case file');
  await desk.speakEnglish();
  await everybodyCanUse(desk.page, 'the case file in English');
  await desk.page.setViewportSize({ width: 360, height: 740 });
  await nothingBesideTheScreen(desk.page, 'the case file at 360 px');

  server.sql(`UPDATE operation SET body = REPLACE(body, 'AcceptCase', 'AcceptCasf') WHERE subject = '${name}' AND rpc LIKE '%/AcceptCase'`);
  await desk.page.reload();
  same(await prove(), [photos, 1], 'photos and signatures after somebody changed a body');
});
