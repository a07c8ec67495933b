// What an officer does besides looking: asking for time, giving a case back, looking again at a closure, explaining, and what becomes of
// an act that the server refused.
import { Casework } from '../harness/casework.ts';
import { check, same, scenario, waitFor } from '../harness/scenario.ts';
import { Inspector } from '../pages/inspector.ts';
import { goOut, killedOutdoors } from './offline_day.ts';

const APPLICATIONS = 'gridwarden.casework.v1.ApplicationService';
const SYNC = 'gridwarden.sync.v1';

scenario(
  'asking for more time and giving a case back are written without a network, outlive a kill, and are sent with one',
  async (stage) => {
    const { server } = stage;
    const casework = new Casework(server, 'OPEN_AIR_BBQ');
    const [late, wrong] = [await casework.handled('P030'), await casework.dispatched('P030')];
    const phone = await stage.phone();
    let inspector = await goOut(stage, phone, 'P030');
    await phone.goOffline();
    for (const [name, action, choices] of [
      [late, 'postpone', ['reason-WEATHER', 'days-2']],
      [wrong, 'return', ['reason-NOT_OUR_DUTY']],
    ] as const) {
      await inspector.go(`/${name}`);
      await inspector.tap(`action-${action}`);
      for (const choice of choices) await inspector.at(choice).check();
      if (action === 'postpone') await inspector.at('note').fill('连日降雨，摊点暂不能搬迁');
      check(!(await inspector.at('submit').isEnabled()), `${action} may be sent without a network`);
      const wanted = action === 'postpone' ? '连日降雨' : 'NOT_OUR_DUTY';
      await waitFor('the draft to be saved', async () =>
        (await inspector.rows()).drafts.some((one) => one.form === action && JSON.stringify(one).includes(wanted)),
      );
    }
    inspector = await killedOutdoors(phone, 'drafts');
    await inspector.at('draft-postpone').waitFor();
    await inspector.at('draft-return').waitFor();
    same((await inspector.rows()).operations.length, 0, 'operations of what only drafts hold');

    await phone.goOnline();
    for (const form of ['postpone', 'return'] as const) {
      await inspector.go('/drafts');
      await inspector.at(`draft-${form}`).getByRole('link').click();
      await waitFor('the network to be back', () => inspector.canSubmit());
      await inspector.submit();
    }
    same((await inspector.rows()).drafts.length, 0, 'drafts of what was sent');
    same([(await casework.case(wrong)).state, (await casework.case(wrong)).returnCount], ['RETURNED', 1], 'the case that was given back');
    const asked = await server.call('G009', `${APPLICATIONS}/ListApplications`, { case: late, pageSize: 10 });
    same(
      asked.applications?.map((one) => [one.kind, one.state, one.reasonCode, one.extend?.calendar, one.extend?.span, one.statement]),
      [['POSTPONEMENT', 'PENDING', 'WEATHER', 'WORKING_DAYS', '172800s', '连日降雨，摊点暂不能搬迁']],
      'what was asked for',
    );
    const due = (await casework.case(late)).dueTime ?? '';

    // The office agrees on the phone, and the case has its time.
    const office = await goOut(stage, await stage.phone(), 'G001');
    await office.go('/applications');
    const application = office.at('application').filter({ hasText: '连日降雨' });
    await application.getByTestId('agree').click();
    await application.waitFor({ state: 'detached' });
    const after = await casework.case(late);
    check(Date.parse(after.dueTime ?? '') - Date.parse(due) >= 2 * 86_400_000, `due ${due} before and ${after.dueTime} after`);
  },
);

scenario('a closure that came back is found without a network: the case is rebounded and a new one stands', async (stage) => {
  const casework = new Casework(stage.server);
  const name = await casework.monitored('P031');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P032');
  await phone.goOffline();
  await inspector.go(`/${name}`);
  await inspector.tap('action-recheck');
  await inspector.at('compare').waitFor();
  await inspector.tap('result-REBOUNDED');
  await inspector.shoot('take-photo-REMAINS');
  await inspector.submit();
  same((await casework.case(name)).state, 'MONITORING', 'the case before the phone was heard');
  await phone.goOnline();
  await inspector.everythingArrived();
  const after = await casework.case(name);
  same([after.state, after.held], ['REBOUNDED', 'NOT_HELD'], 'the case');
  const next = await casework.case(after.reboundedInto ?? '');
  same([next.state, next.reboundOf], ['FILED', name], 'the case that follows it');
  same((await casework.actions(name)).at(-1), 'RECHECK_REBOUNDED', 'the last line of its history');
});

scenario('a record whose clock raised a question can be explained, and whoever looks at the task reads it', async (stage) => {
  const { server } = stage;
  const task = await server.plan('P031', '说明情况');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P031');
  await inspector.page.close();
  await phone.moveClock(365 * 86_400_000);
  const away = new Inspector(await phone.newTab());
  await away.row(task).waitFor();
  await phone.goOffline();
  await away.normalVisit(task);
  await phone.goOnline();
  await away.everythingArrived();
  await away.go('/outbox');
  const [operation] = (await away.rows()).operations;
  await away.tap(`explain-${operation?.opId}`);
  check(!(await away.canSubmit()), 'an explanation without words');
  await away.at('note').fill('手机重置后时间不对，现场已当面核实');
  await away.submit();
  await away.everythingArrived();
  const { observations = [] } = await server.call('G001', `${SYNC}.SyncService/ListObservations`, { subject: task, pageSize: 10 });
  same(
    observations.map((one) => [one.kind, one.note]),
    [['EXPLANATION', '手机重置后时间不对，现场已当面核实']],
    'observations of the task',
  );
  await away.go(`/${task.replace('patrolTasks', 'tasks')}`);
  await away.at('observations').filter({ hasText: '手机重置后时间不对' }).waitFor();
});

scenario('an act that the server refused stays visible with its reason, and can be handed in as an observation', async (stage) => {
  const { server } = stage;
  const casework = new Casework(server);
  const name = await casework.dispatched('P032');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P032');
  await phone.goOffline();
  await inspector.go(`/${name}`);
  await inspector.tap('action-accept');
  await waitFor('the acceptance to be kept', async () => (await inspector.rows()).operations.length === 1);
  // Meanwhile it was given back from a desk.
  await casework.return('P032', name);
  await phone.goOnline();
  await waitFor('the answer', async () => (await inspector.rows()).operations[0]?.state === 'refused');
  await inspector.go('/outbox');
  const [operation] = (await inspector.rows()).operations;
  const group = inspector.at('outbox-refused');
  await group.waitFor();
  check(/[\u4e00-\u9fff]{4,}/.test(await inspector.at(`op-${operation?.opId}`).locator('.reason').innerText()), 'no reason in words');
  await inspector.tap(`observe-${operation?.opId}`);
  await waitFor('the observation to be kept', async () => (await inspector.rows()).operations.length === 2);
  await inspector.everythingArrived();
  const { observations = [] } = await server.call('G001', `${SYNC}.SyncService/ListObservations`, { subject: name, pageSize: 10 });
  same(
    observations.map((one) => one.kind),
    ['EVIDENCE'],
    'observations of the case',
  );
  check(observations[0]?.note, 'the observation says nothing');
  same((await casework.case(name)).state, 'RETURNED', 'the case');
  // Once is enough; the refused one stays.
  await group.waitFor();
  same(await inspector.at(`observe-${operation?.opId}`).count(), 0, 'ways to hand it in again');
  same(
    (await inspector.rows()).operations.map((one) => one.state === 'refused'),
    [true, false],
    'refused operations on the phone',
  );
});
