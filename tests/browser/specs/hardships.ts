// What a phone may lack or run out of, and that work goes on without it.
import { check, same, scenario, waitFor } from '../harness/scenario.ts';
import { newId } from '../harness/server.ts';
import { Inspector } from '../pages/inspector.ts';
import { goOut, sameOnBothSides } from './offline_day.ts';

scenario('no position and a denied camera: a record goes through all the same, with a picture from a file', async (stage) => {
  const task = await stage.server.plan('P022', '没有定位没有相机');
  const phone = await stage.phone({ camera: 'denied', location: 'denied' });
  const inspector = await goOut(stage, phone, 'P022');
  await phone.goOffline();
  await inspector.openVisit(task);
  await inspector.nothingWrong();
  await inspector.tap('take-photo');
  await inspector.at('file-camera').waitFor({ state: 'attached' });
  await inspector.at('file-camera').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: await inspector.page.screenshot() });
  await waitFor('the picture to be kept', async () => (await inspector.rows()).photos.length === 1);
  if (await inspector.at('camera').isVisible()) await inspector.tap('camera-close');
  await inspector.submit();
  await phone.goOnline();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
  check(!(await stage.server.visits(task))[0]?.position, 'a position from nowhere');
});

scenario('a full phone still takes the words of a record, and says that the picture was not kept', async (stage) => {
  const task = await stage.server.plan('P023', '存储已满');
  const phone = await stage.phone();
  await phone.beforeEveryPage(`{
    const full = (value) => value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value) && value.byteLength > 10000 ||
      (value && typeof value === 'object' && Object.values(value).some(full));
    for (const name of ['put', 'add']) {
      const real = IDBObjectStore.prototype[name];
      IDBObjectStore.prototype[name] = function (value, ...rest) {
        if (localStorage.getItem('full') === 'yes' && full(value)) throw new DOMException('no room', 'QuotaExceededError');
        return real.call(this, value, ...rest);
      };
    }
  }`);
  const inspector = await goOut(stage, phone, 'P023');
  await phone.goOffline();
  await inspector.page.evaluate(() => localStorage.setItem('full', 'yes'));
  await inspector.openVisit(task);
  await inspector.nothingWrong();
  await inspector.tap('take-photo');
  await waitFor('the camera to be ready', () => inspector.at('shutter').isEnabled());
  await inspector.tap('shutter');
  await inspector.at('camera').getByRole('alert').waitFor();
  await inspector.tap('camera-close');
  await inspector.submit();
  await phone.goOnline();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
});

scenario('without a service worker everything works as long as the page is open', async (stage) => {
  const task = await stage.server.plan('P024', '没有后台');
  const phone = await stage.phone();
  await phone.beforeEveryPage(
    "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined }); delete Navigator.prototype.serviceWorker;",
  );
  const inspector = await goOut(stage, phone, 'P024');
  await phone.goOffline();
  await inspector.normalVisit(task);
  await phone.goOnline();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
});

scenario('opened without TLS the application says what is missing and where it is to be found', async (stage) => {
  const phone = await stage.phone({ plainHttp: true });
  const page = await phone.visit();
  const inspector = new Inspector(page);
  await inspector.at('missing').waitFor();
  check((await inspector.at('go-secure').getAttribute('href'))?.startsWith('https:'), 'no way to the safe address');
  const words = await page.locator('body').innerText();
  check(/https|安全/i.test(words), `the page says: ${words}`);
});

scenario('ground taken away while work waits: the record goes, the work stays and is delivered', async (stage) => {
  const server = stage.server;
  const task = await server.plan('P016', '调岗之前的检查');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P016');
  await phone.goOffline();
  await inspector.normalVisit(task);
  const [tenure] =
    (await server.call('admin', 'gridwarden.grid.v1.GridService/ListTenures', { parent: server.post('P016') })).tenures ?? [];
  await server.call('admin', 'gridwarden.grid.v1.GridService/EndTenure', {
    requestId: newId(),
    name: tenure?.name ?? '',
    validTo: new Date().toISOString(),
    etag: tenure?.etag ?? '',
  });
  await phone.goOnline();
  await inspector.everythingArrived();
  const [operation] = (await inspector.rows()).operations;
  check(['accepted', 'asserted', 'sealed'].includes(operation?.state ?? ''), `the work of before is ${operation?.state}`);
  await waitFor('the list to be empty', async () => {
    await inspector.go('/outbox');
    await inspector.tap('sync-now');
    await inspector.go('/');
    await inspector.at('tab-todo').waitFor();
    return !(await inspector.row(task).isVisible());
  });
  same((await inspector.rows()).operations.length, 1, 'operations that stay visible');
});
