// What the line does to a phone, and that nothing is lost or done twice by it: the real engine in a real browser, the real server, and
// a bad network between.
import { Engine, type Operation } from '../harness/engine.ts';
import type { Phone } from '../harness/phone.ts';
import { check, same, scenario, waitFor, type Stage } from '../harness/scenario.ts';
import { newId, type Server } from '../harness/server.ts';

const PUSH = /SyncService\/Push$/;
const PULL = /SyncService\/Pull$/;
const FILES = /^\/files/;
const PIECE = /^\/files\/./;
const DAY_MS = 86_400_000;

interface Ready {
  phone: Phone;
  engine: Engine;
  task: string;
}

/** A signed-in phone that holds one task. */
async function ready(stage: Stage, login: string, title: string): Promise<Ready> {
  const task = await stage.server.plan(login, title);
  const phone = await stage.phone();
  const engine = await Engine.open(phone, stage.server.world.engine);
  await engine.signIn(login, stage.server.world.password);
  await waitForTask(engine, task);
  return { phone, engine, task };
}

async function waitForTask(engine: Engine, task: string): Promise<void> {
  await waitFor('the task to be on the phone', async () => {
    await engine.sync();
    return (await engine.records()).some((record) => record.name === task);
  });
}

/** Exactly one visit of this task on the server, with these photos, and the phone knows that it was taken. */
async function once(server: Server, engine: Engine, task: string, photos: string[] = []): Promise<Operation[]> {
  const visits = await server.visits(task);
  same(visits.length, 1, 'visits of the task on the server');
  same((visits[0]?.evidence ?? []).map((one) => one.media).sort(), photos.map((sha256) => `media/${sha256}`).sort(), 'photos of the visit');
  const id = task.split('/')[1] ?? '';
  same(server.sql(`SELECT COUNT(*) FROM visit WHERE task_id = UNHEX('${id.replaceAll('-', '')}')`), [['1']], 'rows in the database');
  for (const sha256 of photos) {
    same(server.sql(`SELECT COUNT(*) FROM media WHERE sha256 = UNHEX('${sha256}')`), [['1']], `rows of photo ${sha256}`);
  }
  const operations = await engine.operations();
  check(
    operations.every((one) => ['accepted', 'sealed'].includes(one.state)),
    `operations: ${operations.map((one) => `${one.state} ${one.reason ?? ''}`).join(', ')}`,
  );
  return operations;
}

scenario('an acknowledgement that is lost four times over does nothing twice', async (stage) => {
  const { phone, engine, task } = await ready(stage, 'P001', '丢失的回执');
  phone.network.fail(PUSH, { kind: 'lose the answer' }, 4);
  await engine.visit(task);
  await engine.settle();
  const [operation] = await once(stage.server, engine, task);
  check(phone.network.count(PUSH) >= 5, `want five pushes, there were ${phone.network.count(PUSH)}`);
  return `${phone.network.count(PUSH)} pushes, grade ${operation?.grade}`;
});

scenario('requests lost, cut and refused on every path of the engine', async (stage) => {
  const { phone, engine, task } = await ready(stage, 'P002', '断续的网络');
  const photo = await engine.takePhoto(200);
  phone.network.fail(PUSH, { kind: 'lose the request' });
  phone.network.fail(PUSH, { kind: 'cut the request', bytes: 40 });
  phone.network.fail(PUSH, { kind: 'refuse', status: 503, retryAfterS: 0 });
  phone.network.fail(PUSH, { kind: 'cut the answer', bytes: 10 });
  phone.network.fail(PULL, { kind: 'lose the answer' }, 2);
  phone.network.fail(PULL, { kind: 'refuse', status: 500 });
  phone.network.fail(FILES, { kind: 'refuse', status: 502 });
  phone.network.fail(FILES, { kind: 'lose the answer' });
  phone.network.fail(FILES, { kind: 'refuse', status: 429, retryAfterS: 0 });
  await engine.visit(task, [photo]);
  await engine.settle();
  await once(stage.server, engine, task, [photo]);
});

scenario('an upload cut at every border of its pieces, the last one too, sends no finished piece again', async (stage) => {
  const { phone, engine, task } = await ready(stage, 'P003', '逐片断线');
  const kilobytes = 400;
  const photo = await engine.takePhoto(kilobytes);
  await engine.visit(task, [photo]);
  // Every piece meets each of them in turn: cut at its first byte, at its last, and its answer lost after it was kept.
  for (let piece = 0; piece < 12; piece += 1) {
    phone.network.fail(PIECE, { kind: 'cut the request', bytes: 1 }, 1, 'PATCH');
    phone.network.fail(PIECE, { kind: 'cut the request', bytes: 65_535 }, 1, 'PATCH');
    phone.network.fail(PIECE, { kind: 'lose the answer' }, 1, 'PATCH');
  }
  await engine.settle();
  await once(stage.server, engine, task, [photo]);
  const [held] = await engine.photos();
  same(held?.state, 'verified', 'the photo on the phone');
  check(held?.receipt, 'no receipt of the photo on the phone');
  // Chromium by itself repeats a request whose connection broke before any answer: the server takes none of those a second time.
  const sent = phone.network.passed.filter((one) => one.method === 'PATCH' && one.served === 204);
  const bytes = sent.reduce((sum, one) => sum + one.requestBytes, 0);
  // A cut beyond the end of a short piece is a whole piece whose answer nobody heard: not counted here.
  check(bytes > 0 && bytes <= (held?.size ?? 0), `the server took ${bytes} bytes of a photo of ${held?.size}: a piece was taken twice`);
  const cut = phone.network.passed.filter((one) => one.fault === 'cut the request').length;
  check(cut >= 6, `only ${cut} pieces were cut`);
  return `${sent.length} pieces arrived, ${cut} were cut`;
});

scenario(
  "a photo is not green because somebody on the way says that its bytes have arrived: only the server's own digest makes it so",
  async (stage) => {
    const { phone, engine, task } = await ready(stage, 'P004', '照片存证');
    const photo = await engine.takePhoto(30);
    const size = String((await engine.photos())[0]?.size);
    const arrived = { 'tus-resumable': '1.0.0', 'upload-offset': size, 'upload-length': size };
    phone.network.fail(PIECE, { kind: 'pretend', status: 204, headers: arrived }, 3, 'PATCH');
    phone.network.fail(PIECE, { kind: 'pretend', status: 200, headers: arrived }, 3, 'HEAD');
    await engine.visit(task, [photo]);
    await waitFor('the pretended answers', async () => {
      await engine.sync();
      const pretended = phone.network.passed.filter((one) => one.fault === 'pretend').length;
      check(
        (await engine.photos())[0]?.state !== 'verified' || pretended === 0 || phone.network.count(PIECE, 'PATCH') > pretended,
        "green without the server's word",
      );
      return pretended >= 2;
    });
    phone.network.heal();
    await engine.settle();
    await once(stage.server, engine, task, [photo]);
  },
);

scenario('two tabs that sync at once send everything once', async (stage) => {
  const { phone, engine, task } = await ready(stage, 'P005', '两个标签页');
  const second = await Engine.open(phone, stage.server.world.engine);
  await second.reopen();
  const photo = await engine.takePhoto(100);
  phone.network.slow(50);
  await engine.visit(task, [photo]);
  await Promise.all([engine.sync(), second.sync(), engine.sync(), second.sync()]);
  await Promise.all([engine.settle(), second.settle()]);
  await once(stage.server, second, task, [photo]);
});

scenario('the same operation id with other content is refused, and the first stands', async (stage) => {
  const { engine, task, phone } = await ready(stage, 'P006', '重复编号');
  await engine.visit(task);
  await engine.settle();
  const [first] = await once(stage.server, engine, task);
  const other = JSON.stringify({ ...(JSON.parse(first?.body ?? '{}') as object), note: 'other' });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await stage.server.token('P006')}` };
  const pushed = phone.network.count(PUSH);
  const body = JSON.parse(first?.body ?? '{}') as { device?: string };
  const answer = await stage.server.send(
    'POST',
    '/gridwarden.sync.v1.SyncService/Push',
    headers,
    JSON.stringify({ device: body.device, operations: [{ body: other, signature: 'A'.repeat(86) + '==' }] }),
  );
  check(!/"ACCEPTED"|"DUPLICATE"/.test(answer.body.toString()), `the other content was taken: ${answer.body.toString().slice(0, 300)}`);
  same(phone.network.count(PUSH), pushed, 'pushes of the phone meanwhile');
  await once(stage.server, engine, task);
});

scenario('one refused operation does not hold up the others, and stays visible', async (stage) => {
  const { engine, task } = await ready(stage, 'P007', '隔离');
  const good = [await stage.server.plan('P007', '隔离之外'), await stage.server.plan('P007', '也在隔离之外')];
  for (const one of good) await waitForTask(engine, one);
  // Answers a list that does not exist: no phone of ours makes that, an old one might.
  await engine.visit(task, [], {
    visitId: newId(),
    visit: { result: 'NORMAL', answers: [{ checklist: 'NO_SUCH_LIST', item: 'X', value: 'yes' }] },
  });
  for (const one of good) await engine.visit(one);
  await waitFor('the good ones to be taken', async () => (await engine.sync()).pendingOperations === 0).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${(await engine.operations()).map((one) => `${one.state} ${one.reason}`).join(', ')}`);
  });
  for (const one of good) same((await stage.server.visits(one)).length, 1, 'visits of a task beside the refused one');
  same((await stage.server.visits(task)).length, 0, 'visits of the refused one');
  const [bad] = await engine.operations();
  same(bad?.state, 'refused', 'the first operation');
  check(bad?.reason, 'a refused operation says why');
  return `reason ${bad?.reason}`;
});

for (const [name, shiftMs, login] of [
  ['a day ahead', DAY_MS, 'P008'],
  ['a day behind', -DAY_MS, 'P009'],
  ['a year ahead', 365 * DAY_MS, 'P010'],
  ['a year behind', -365 * DAY_MS, 'P011'],
] as const) {
  scenario(`a phone whose clock is ${name} delivers its work at a time the server can stand for`, async (stage) => {
    const { phone, task } = await ready(stage, login, '走错的钟');
    await phone.moveClock(shiftMs);
    const engine = await Engine.open(phone, stage.server.world.engine);
    await engine.reopen();
    const before = Date.now();
    await engine.visit(task);
    await engine.settle();
    const [operation] = await once(stage.server, engine, task);
    const eventTime = Date.parse((await stage.server.visits(task))[0]?.eventTime ?? '');
    check(Math.abs(eventTime - before) < 10 * 60_000, `the visit is told to have been at ${new Date(eventTime).toISOString()}`);
    return `grade ${operation?.grade}, flags ${operation?.flags.join(' ') || 'none'}`;
  });
}

scenario('a second person on the same phone neither sees nor sends what the first one did', async (stage) => {
  const { phone, engine, task } = await ready(stage, 'P012', '同一部手机');
  await phone.goOffline();
  await engine.visit(task);
  await phone.goOnline();
  const second = await Engine.open(phone, stage.server.world.engine);
  const other = await stage.server.plan('P013', '另一个人的任务');
  await second.signIn('P013', stage.server.world.password);
  await waitForTask(second, other);
  same(await second.operations(), [], "what the second one sees of the first one's work");
  check(!(await second.records()).some((record) => record.pendingOps.length > 0), "the second one sees the first one's marks");
  await second.visit(other);
  await second.settle();
  same((await stage.server.visits(task)).length, 0, "the first one's visit, sent by the second one");
  await engine.settle();
  await once(stage.server, engine, task);
});

scenario('a reset of the feed keeps the outbox and the drafts', async (stage) => {
  const { phone, engine, task } = await ready(stage, 'P014', '重新下载');
  await phone.goOffline();
  await engine.visit(task);
  await phone.goOnline();
  phone.network.fail(PUSH, { kind: 'refuse', status: 503 }, 2);
  // A cursor nobody gave out: the server answers with a reset.
  await engine.page.evaluate(async () => {
    const scope = globalThis as unknown as {
      phone: { db: { meta: { toArray(): Promise<{ key: string; value: unknown }[]>; put(row: object): Promise<unknown> } } };
    };
    const rows = await scope.phone.db.meta.toArray();
    const cursor = rows.find((row) => /cursor/i.test(row.key));
    if (!cursor) throw new Error(`no cursor among ${rows.map((row) => row.key).join(', ')}`);
    await scope.phone.db.meta.put({ ...cursor, value: 'bm90IGEgY3Vyc29y' });
  });
  await engine.sync();
  same((await engine.operations()).length, 1, 'operations after the reset');
  await engine.settle();
  check(
    (await engine.records()).some((record) => record.name === task),
    'the records came again',
  );
  await once(stage.server, engine, task);
});

scenario('a push that somebody else repeats with the same token is answered as before and does nothing', async (stage) => {
  const { engine, task } = await ready(stage, 'P015', '重放');
  await engine.visit(task);
  await engine.settle();
  const [operation] = await once(stage.server, engine, task);
  const body = JSON.parse(operation?.body ?? '{}') as { device?: string };
  const signature = await engine.page.evaluate(async () => {
    const scope = globalThis as unknown as { phone: { db: { operations: { toArray(): Promise<{ signature: string }[]> } } } };
    return (await scope.phone.db.operations.toArray())[0]?.signature ?? '';
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await stage.server.token('P015')}` };
  const request = JSON.stringify({ device: body.device, operations: [{ body: operation?.body, signature }] });
  for (let time = 0; time < 3; time += 1) {
    const answer = await stage.server.send('POST', '/gridwarden.sync.v1.SyncService/Push', headers, request);
    check(
      answer.status === 200 && answer.body.includes('DUPLICATE'),
      `a repeated push: ${answer.status} ${answer.body.toString().slice(0, 300)}`,
    );
  }
  const stranger = { ...headers, authorization: `Bearer ${await stage.server.token('P016')}` };
  const stolen = await stage.server.send('POST', '/gridwarden.sync.v1.SyncService/Push', stranger, request);
  check(
    stolen.status !== 200 || !/ACCEPTED|DUPLICATE/.test(stolen.body.toString()),
    `another account pushed it: ${stolen.body.toString().slice(0, 300)}`,
  );
  await once(stage.server, engine, task);
});
