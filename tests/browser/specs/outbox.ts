// The outbox in the hands of a person: what it hands out as a file, what it holds back for Wi-Fi, and trying one record again.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PNG } from '../harness/libraries.ts';
import { check, same, scenario, waitFor } from '../harness/scenario.ts';
import { Inspector } from '../pages/inspector.ts';
import { goOut, sameOnBothSides } from './offline_day.ts';

interface Outbox {
  format: string;
  login: string;
  device: string;
  publicKey: string;
  operations: { opId: string; seq: number; body: string; hash: string; signature: string; photos: string[]; state: string }[];
  drafts: { form: string; photos: string[] }[];
  photos: { sha256: string; size: number; base64: string | null }[];
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** A picture that no encoder makes small. */
function noise(side: number): Buffer {
  const png = new PNG({ width: side, height: side });
  for (let at = 0; at < png.data.length; at += 4) {
    const value = (Math.random() * 0xffffff) | 0;
    png.data.set([value & 255, (value >> 8) & 255, (value >> 16) & 255, 255], at);
  }
  return PNG.sync.write(png, { deflateLevel: 1 });
}

scenario('the outbox as a file holds everything that is only on this phone, and proves itself', async (stage) => {
  const tasks = [await stage.server.plan('P025', '导出一'), await stage.server.plan('P025', '导出二')];
  const third = await stage.server.plan('P025', '只到草稿');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P025');
  await inspector.row(third).waitFor();
  await phone.goOffline();
  for (const task of tasks) await inspector.normalVisit(task);
  await inspector.openVisit(third);
  await inspector.nothingWrong();
  await inspector.shoot();
  await waitFor('the draft to be saved', async () => (await inspector.rows()).drafts[0]?.photos.length === 1);
  await inspector.go('/outbox');
  const [download] = await Promise.all([inspector.page.waitForEvent('download'), inspector.tap('export-outbox')]);
  const outbox = JSON.parse(readFileSync(await download.path(), 'utf8')) as Outbox;
  const kept = await inspector.rows();

  same([outbox.format, outbox.login.toUpperCase()], ['gridwarden-outbox/1', 'P025'], 'what the file is');
  same(outbox.operations.map((one) => one.opId).sort(), kept.operations.map((one) => one.opId).sort(), 'operations in the file');
  same(
    outbox.drafts.map((one) => one.form),
    ['visit'],
    'drafts in the file',
  );
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', ...coordinates(outbox.publicKey) }, format: 'jwk' });
  let before = '';
  for (const one of outbox.operations) {
    const body = JSON.parse(one.body) as { seq: number; opId: string; prevHash: string; device: string };
    same(sha256(one.body), one.hash, 'the digest of an operation');
    same(
      [body.opId, Number(body.seq), body.device, body.prevHash],
      [one.opId, one.seq, outbox.device, before],
      'what the body says of itself',
    );
    const signed = Buffer.from(`gridwarden/op/v1\n${one.body}`);
    const signature = Buffer.from(one.signature, 'base64');
    check(
      verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature),
      `operation ${one.seq} is not signed by the key of the file`,
    );
    before = one.hash;
  }
  const photos = [...outbox.operations, ...outbox.drafts].flatMap((one) => one.photos);
  same(outbox.photos.map((one) => one.sha256).sort(), [...photos].sort(), 'photos in the file');
  same(photos.length, 3, 'photos taken');
  for (const one of outbox.photos) {
    const bytes = Buffer.from(one.base64 ?? '', 'base64');
    same([sha256(bytes), bytes.length], [one.sha256, one.size], 'the bytes of a photo');
  }
  // Handing it out changes nothing: the draft is finished, and everything arrives once.
  await phone.goOnline();
  await inspector.go(`/${third.replace('patrolTasks', 'tasks')}/do/visit`);
  await inspector.submit();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [...tasks, third]);
});

/** The two coordinates of an uncompressed point. */
function coordinates(base64: string): { x: string; y: string } {
  const point = Buffer.from(base64, 'base64');
  same([point.length, point[0]], [65, 4], 'an uncompressed point');
  return { x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
}

scenario('large photos wait for Wi-Fi when their person wants it, small ones and words do not', async (stage) => {
  const task = await stage.server.plan('P026', '大照片等无线网');
  const phone = await stage.phone({ camera: 'denied' });
  await phone.beforeEveryPage(`Object.defineProperty(navigator, 'connection', {
    get: () => ({ type: localStorage.getItem('line') ?? 'cellular', addEventListener() {}, removeEventListener() {} }) });`);
  const inspector = await goOut(stage, phone, 'P026');
  await inspector.go('/outbox');
  await inspector.at('wifi-only').check();
  await waitFor('the choice to be kept', async () => (await inspector.at('wifi-only').getAttribute('aria-busy')) === 'false');
  await inspector.page.reload();
  check(await inspector.at('wifi-only').isChecked(), 'what was chosen is forgotten');
  await inspector.go('/');
  await inspector.openVisit(task);
  await inspector.nothingWrong();
  for (const [number, side] of [1100, 60].entries()) {
    await inspector.tap('take-photo');
    await inspector.at('file-album').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: noise(side) });
    await waitFor('the picture to be kept', async () => (await inspector.rows()).photos.length === number + 1);
    if (await inspector.at('camera').isVisible()) await inspector.tap('camera-close');
    await inspector.at('camera').waitFor({ state: 'detached' });
  }
  const [small, large] = (await inspector.rows()).photos.sort((a, b) => a.size - b.size);
  check(small && large && small.size < 500 * 1024 && large.size > 500 * 1024, `photos of ${small?.size} and ${large?.size} bytes`);
  await inspector.submit();
  const stateOf = async (sha: string): Promise<string | undefined> =>
    (await inspector.rows()).photos.find((one) => one.sha256 === sha)?.state;
  await waitFor('the small one to arrive', async () => (await stateOf(small.sha256)) === 'verified');
  await inspector.sync();
  await waitFor('the round to be over', () => inspector.at('sync-now').isEnabled());
  same((await stage.server.visits(task)).length, 1, 'visits on the server');
  same(await stateOf(large.sha256), 'queued', 'the large one without Wi-Fi');
  same(
    stage.server.sql(`SELECT COUNT(*) FROM media WHERE sha256 = UNHEX('${large.sha256}')`),
    [['0']],
    'rows of the large one on the server',
  );
  await inspector.page.evaluate(() => localStorage.setItem('line', 'wifi'));
  await inspector.sync();
  await inspector.everythingArrived();
  await sameOnBothSides(stage.server, inspector, [task]);
});

scenario('one record is tried again with a tap although the server asked for patience', async (stage) => {
  const { server } = stage;
  const task = await server.plan('P027', '重试一条');
  // No worker beside the page: whatever is sent after the tap, the tap sent.
  const phone = await stage.phone({ serviceWorkers: 'block' });
  const inspector = new Inspector(await phone.visit());
  await inspector.signIn('P027', server.world.password);
  await inspector.prepare();
  await inspector.row(task).waitFor();
  const refused = (): number => phone.network.passed.filter((one) => one.fault === 'refuse').length;
  phone.network.fail(/SyncService\/Push$/, { kind: 'refuse', status: 503, retryAfterS: 600 }, 1000);
  await inspector.normalVisit(task);
  await waitFor('the push to be turned away', refused);
  const before = refused();
  await inspector.go('/outbox');
  await waitFor('the push of the page that was opened anew to be turned away', () => refused() > before);
  phone.network.heal();
  const [operation] = (await inspector.rows()).operations;
  same((await server.visits(task)).length, 0, 'visits on the server meanwhile');
  await inspector.tap(`retry-${operation?.opId}`);
  await inspector.everythingArrived();
  await sameOnBothSides(server, inspector, [task]);
});

scenario('a camera without a torch shows no torch button, and takes its pictures', async (stage) => {
  const task = await stage.server.plan('P028', '没有闪光灯');
  const phone = await stage.phone();
  const inspector = await goOut(stage, phone, 'P028');
  await inspector.openVisit(task);
  await inspector.nothingWrong();
  await inspector.tap('take-photo');
  await waitFor('the camera to be ready', () => inspector.at('shutter').isEnabled());
  same(await inspector.at('torch').count(), 0, 'torch buttons of a camera that has none');
  await inspector.tap('camera-close');

  // One that has a torch: the button switches it, and says so.
  await inspector.page.evaluate(() => {
    const can = MediaStreamTrack.prototype.getCapabilities;
    const scope = globalThis as unknown as { lights: boolean[] };
    scope.lights = [];
    MediaStreamTrack.prototype.getCapabilities = function () {
      return { ...can.call(this), torch: true } as MediaTrackCapabilities;
    };
    MediaStreamTrack.prototype.applyConstraints = async function (wanted) {
      scope.lights.push((wanted?.advanced?.[0] as { torch?: boolean } | undefined)?.torch === true);
    };
  });
  await inspector.tap('take-photo');
  await inspector.at('torch').waitFor();
  for (const pressed of ['true', 'false']) {
    await inspector.tap('torch');
    await waitFor('the button to say so', async () => (await inspector.at('torch').getAttribute('aria-pressed')) === pressed);
  }
  same(
    await inspector.page.evaluate(() => (globalThis as unknown as { lights: boolean[] }).lights),
    [true, false],
    'what the camera was told',
  );
});
