// The inspector's day: out of reach of any network, with a phone that kills what it pleases, and in the evening everything is on the
// server once.
import type { Phone } from '../harness/phone.ts';
import { check, same, scenario, waitFor, type Stage } from '../harness/scenario.ts';
import { newId, type Server } from '../harness/server.ts';
import { Inspector } from '../pages/inspector.ts';

/** Signs in and gets everything that days without a network need; ends at the list. */
export async function goOut(stage: Stage, phone: Phone, login: string): Promise<Inspector> {
  const inspector = new Inspector(await phone.visit());
  await inspector.signIn(login, stage.server.world.password);
  await inspector.prepare();
  await inspector.page.evaluate(async () => {
    if ('serviceWorker' in navigator) await navigator.serviceWorker.ready;
  });
  return inspector;
}

/** The system needs the memory and takes the browser; the person opens it again, still without a network. */
export async function killedOutdoors(phone: Phone, path = ''): Promise<Inspector> {
  await phone.kill();
  await phone.start();
  await phone.context.setOffline(true);
  return new Inspector(await phone.visit(path));
}

/** Each task has exactly one visit, with the photos that the phone took for it; the photos are stored once, by their own digest. */
export async function sameOnBothSides(server: Server, inspector: Inspector, tasks: string[]): Promise<void> {
  // The signed receipt of a photo comes with a push after the photo.
  await waitFor('a receipt of every photo', async () => {
    if ((await inspector.rows()).photos.every((photo) => photo.receipt)) return true;
    await inspector.go('/outbox');
    await inspector.at('sync-now').click();
    await inspector.page.waitForTimeout(500);
    return false;
  });
  const { operations, photos } = await inspector.rows();
  for (const task of tasks) {
    const own = operations.filter((one) => one.subject === task && one.photos !== undefined && one.state !== 'refused');
    const visits = await server.visits(task);
    same(visits.length, 1, `visits of ${task} on the server`);
    const taken = own.flatMap((one) => one.photos).map((sha256) => `media/${sha256}`);
    same((visits[0]?.evidence ?? []).map((one) => one.media).sort(), taken.sort(), 'photos of the visit');
    same(
      server.sql(`SELECT COUNT(*) FROM visit WHERE task_id = UNHEX('${task.split('/')[1]?.replaceAll('-', '')}')`),
      [['1']],
      'rows of the visit',
    );
  }
  for (const photo of photos) {
    same(photo.state, 'verified', `photo ${photo.sha256} on the phone`);
    check(photo.receipt, `no receipt of photo ${photo.sha256}`);
    same(server.sql(`SELECT COUNT(*) FROM media WHERE sha256 = UNHEX('${photo.sha256}')`), [['1']], `rows of photo ${photo.sha256}`);
  }
  const sequence = operations.map((one) => one.seq).sort((a, b) => a - b);
  same(
    sequence,
    sequence.map((_, index) => index + 1),
    'the numbers of the operations',
  );
}

scenario(
  'the offline day: three visits with photos, a killed tab, a killed browser, a cold start, and in the evening each once',
  async (stage) => {
    const titles = ['青松东村夜查', '青松西村夜查', '青松南村夜查'];
    const tasks: string[] = [];
    for (const title of titles) tasks.push(await stage.server.plan('P017', title));
    const [first = '', second = '', third = ''] = tasks;
    const phone = await stage.phone();
    let inspector = await goOut(stage, phone, 'P017');
    for (const task of tasks) await inspector.row(task).waitFor();

    await phone.goOffline();
    await inspector.normalVisit(first);
    // The system closes the tab in the middle of the second form, after its photo.
    await inspector.openVisit(second);
    await inspector.nothingWrong();
    await inspector.shoot();
    const address = inspector.page.url();
    await inspector.page.close();
    inspector = new Inspector(await phone.newTab(address.split('/inspector/')[1] ?? ''));
    await inspector.at('submit').waitFor();
    same((await inspector.rows()).drafts.length, 1, 'drafts after the tab was closed');
    await inspector.submit();
    // And kills the browser.
    inspector = await killedOutdoors(phone);
    await inspector.at('tab-todo').waitFor();
    await inspector.normalVisit(third);
    same((await inspector.unsettled()).operations, 3, 'operations that are only on the phone');
    same((await stage.server.visits(first)).length, 0, 'visits on the server before the evening');

    await phone.goOnline();
    await inspector.everythingArrived();
    await sameOnBothSides(stage.server, inspector, tasks);
    await inspector.go('/');
    await inspector.openTab('done');
    for (const task of tasks) await inspector.row(task).waitFor();
    return `${phone.network.count(/SyncService\/Push$/)} pushes, ${phone.network.count(/^\/files\/./, 'PATCH')} pieces of photos`;
  },
);

scenario('two tabs and the service worker send at once, and everything arrives once', async (stage) => {
  const task = await stage.server.plan('P018', '三处同时发送');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P018');
  await phone.goOffline();
  await inspector.normalVisit(task);
  const second = new Inspector(await phone.newTab());
  await second.at('tab-todo').waitFor();
  phone.network.slow(100);
  await phone.goOnline();
  const worker = phone.context.serviceWorkers()[0];
  check(worker, 'no service worker runs');
  const woken = worker.evaluate(() => {
    const event = new (globalThis as unknown as { SyncEvent: new (type: string, init: object) => Event }).SyncEvent('sync', {
      tag: 'gridwarden-sync',
    });
    globalThis.dispatchEvent(event);
  });
  await Promise.all([woken.catch(() => undefined), inspector.go('/outbox'), second.go('/outbox')]);
  await Promise.all([inspector.tap('sync-now'), second.tap('sync-now')]);
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, second, [task]);
});

scenario('a reload and a kill in every step of the form lose nothing', async (stage) => {
  const task = await stage.server.plan('P019', '反复中断的表单');
  const phone = await stage.phone();
  let inspector = await goOut(stage, phone, 'P019');
  await phone.goOffline();
  await inspector.openVisit(task);
  const address = inspector.page.url().split('/inspector/')[1] ?? '';

  const reload = async (): Promise<void> => {
    await inspector.page.reload();
    await inspector.at('submit').waitFor();
  };
  const kill = async (): Promise<void> => {
    inspector = await killedOutdoors(phone, address);
    await inspector.at('submit').waitFor();
  };
  const draft = async (): Promise<string> => JSON.stringify((await inspector.rows()).drafts);

  // Each step is over when the form says that it is kept: a moment after the tap.
  await inspector.nothingWrong();
  await waitFor('the answer to be saved', async () => (await draft()).includes('NORMAL'));
  await reload();
  await inspector.shoot();
  await waitFor('the photo to be saved', async () => (await inspector.rows()).drafts[0]?.photos.length === 1);
  await reload();
  await inspector.tap('add-note');
  await inspector.at('note').fill('墙外有新的覆盖痕迹');
  await waitFor('the note to be saved', async () => (await draft()).includes('覆盖痕迹'));
  await kill();
  check((await inspector.at('note').inputValue()) === '墙外有新的覆盖痕迹', 'the note is gone');
  same((await inspector.rows()).drafts[0]?.photos.length, 1, 'photos of the draft');
  await inspector.submit();
  await phone.kill();
  await phone.start();
  inspector = new Inspector(await phone.visit());
  await phone.goOnline();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
  same((await stage.server.visits(task))[0]?.note, '墙外有新的覆盖痕迹', 'the note on the server');
});

scenario('a new version arrives while a form is open: it waits, the form goes on, and the person takes it afterwards', async (stage) => {
  const task = await stage.server.plan('P020', '更新时的表单');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P020');
  await inspector.page.reload();
  await inspector.openVisit(task);
  await inspector.nothingWrong();
  // The deploy: another worker, and the release before is gone from the server.
  const worker = await stage.server.send('GET', '/inspector/sw.js', {});
  phone.network.page('/inspector/sw.js', 'text/javascript', `${worker.body.toString()}\n// the next release`);
  phone.network.fail(/^\/inspector\/assets\//, { kind: 'refuse', status: 404 }, 1000);
  await inspector.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await waitFor('the new version to wait', () =>
    inspector.page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.waiting)),
  );
  await inspector.shoot();
  await inspector.at('update-prompt').waitFor();
  await inspector.submit();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
  phone.network.heal();
  await inspector.tap('update-take');
  await waitFor('the new version to be in charge', () =>
    inspector.page.evaluate(async () => !(await navigator.serviceWorker.getRegistration())?.waiting).catch(() => false),
  );
  // On the screen the person was at: the list or the outbox.
  await inspector.at('network-bar').waitFor();
});

scenario('an expired sign-in with a full outbox keeps everything and sends it after signing in again', async (stage) => {
  const task = await stage.server.plan('P021', '登录过期');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P021');
  await phone.goOffline();
  await inspector.normalVisit(task);
  // The administrator ends all its sessions; the access token in the phone is no longer taken, the refresh token neither.
  const accounts =
    (await stage.server.call('admin', 'gridwarden.identity.v1.IdentityService/ListAccounts', { pageSize: 100 })).accounts ?? [];
  const password = `${stage.server.world.password} anew`;
  const name = accounts.find((one) => one.login?.toUpperCase() === 'P021')?.name ?? '';
  const me = (): Promise<unknown> => stage.server.call('P021', 'gridwarden.identity.v1.IdentityService/GetMe', {});
  await me();
  await stage.server.call('admin', 'gridwarden.identity.v1.IdentityService/ResetPassword', { requestId: newId(), name, password });
  await waitFor(
    'every process to know',
    async () =>
      await me().then(
        () => false,
        () => true,
      ),
  );
  await phone.goOnline();
  await inspector.page.reload();
  await inspector.go('/outbox');
  await inspector.tap('sync-now');
  const again = inspector.page.locator('a[href*="/sign-in"]').first();
  await again.waitFor();
  const kept = await inspector.unsettled();
  same([kept.operations, kept.photos], [1, 1], 'what is only on the phone');
  await again.click();
  await inspector.at('password').fill(password);
  same((await inspector.at('login').inputValue()).toUpperCase(), 'P021', 'whose sign-in it is');
  await inspector.tap('sign-in');
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
});
