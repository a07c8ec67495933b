// node bench.ts WORLD.json [part...]: what the phone's application costs (tests/bench/README.md); parts: application store month.
// Chromium on a shared machine: orders of magnitude; claims are the sizes, and ratios of one run.
import { readFileSync } from 'node:fs';
import { Engine } from './harness/engine.ts';
import type { CDPSession } from 'playwright-core';
import { Phone } from './harness/phone.ts';
import { waitFor } from './harness/scenario.ts';
import { newId, Server, type World } from './harness/server.ts';
import { Inspector } from './pages/inspector.ts';

const TASKS = 5_000;
const ROUNDS = 3;
const LOGIN = 'P001';

const [file = '', ...wanted] = process.argv.slice(2);
const server = new Server(JSON.parse(readFileSync(file, 'utf8')) as World);

function say(what: string, value: number, unit: string, goal: number | null = null): void {
  const verdict = goal === null ? '' : value <= goal ? `  OK (goal ${goal})` : `  SHORT (goal ${goal})`;
  console.log(`  ${what.padEnd(58)} ${value.toFixed(value < 10 ? 2 : 0).padStart(8)} ${unit}${verdict}`);
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Plans tasks for one person; answers their names. */
async function plan(login: string, tasks: number): Promise<string[]> {
  const dueTime = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const names: string[] = [];
  for (let done = 0; done < tasks; done += 500) {
    const answer = await server.call('G001', 'gridwarden.patrol.v1.PatrolService/BatchCreatePatrolTasks', {
      requestId: newId(),
      patrolTasks: Array.from({ length: Math.min(500, tasks - done) }, (_, index) => ({
        division: server.division(`41170200120${(index % 4) + 1}`),
        category: 'WASTE_BURNING',
        post: server.post(login),
        title: `第 ${done + index + 1} 项检查`,
        dueTime,
      })),
    });
    names.push(...(answer.patrolTasks ?? []).map((task) => task.name ?? ''));
  }
  return names;
}

const DAYS = 30;
const TASKS_A_DAY = 40;

/** Thirty days of forty tasks without a network, every tenth with a photo; then home. */
async function month(): Promise<void> {
  console.log(`a month without a network: ${DAYS} days of ${TASKS_A_DAY} records`);
  const login = 'P003';
  const tasks = await plan(login, DAYS * TASKS_A_DAY);
  const phone = await Phone.open(server);
  const engine = await Engine.open(phone, server.world.engine);
  await engine.signIn(login, server.world.password);
  const planned = new Set(tasks);
  await waitFor(
    'the month to be on the phone',
    async () => {
      await engine.sync();
      return (await engine.records()).filter((record) => planned.has(record.name)).length === tasks.length;
    },
    240,
  );
  await phone.goOffline();
  await timeRecords(engine);
  for (const [n, task] of tasks.entries()) await engine.visit(task, n % 10 === 0 ? [await engine.takePhoto(100)] : []);
  const took = await engine.page.evaluate(() => (globalThis as unknown as Timed).took);
  const ofDay = (day: number): number => median(took.slice(day * TASKS_A_DAY, (day + 1) * TASKS_A_DAY));
  say('a record saved on day 1, median', ofDay(0), 'ms');
  say(`a record saved on day ${DAYS}, as a multiple of that`, ofDay(DAYS - 1) / ofDay(0), 'x', 1.5);
  const waiting = await engine.operations();
  const photos = await engine.photos();
  say(`the outbox: ${waiting.length} operations, signed text`, waiting.reduce((sum, one) => sum + one.body.length, 0) / 1024, 'KB');
  say(`the outbox: ${photos.length} photos of 100 KB`, photos.reduce((sum, one) => sum + one.size, 0) / 1024 / 1024, 'MB');

  await phone.goOnline();
  const before = performance.now();
  await engine.settle(1200);
  say('the whole month brought home, until all of it is acknowledged', (performance.now() - before) / 1000, 's');
  let once = 0;
  for (const task of tasks) once += (await server.visits(task)).length === 1 ? 1 : 0;
  say(`records that are on the server exactly once, of ${tasks.length}`, once, '');
  const operations = await engine.operations();
  const kept = (await engine.photos()).filter((one) => one.state === 'verified' && one.receipt);
  say(`photos the server has verified, with its receipt, of ${photos.length}`, kept.length, '');
  if (once !== tasks.length || kept.length !== photos.length) throw new Error('something of the month is not there once');
  if (!operations.every((one) => ['accepted', 'sealed'].includes(one.state))) throw new Error('an operation of the month was not accepted');
  await phone.close();
}

interface Timed {
  phone: { submit(operation: object): Promise<unknown> };
  took: number[];
}

/** Takes the time of every record inside the page: what the test's own wire costs is not of it. */
async function timeRecords(engine: Engine): Promise<void> {
  await engine.page.evaluate(() => {
    const scope = globalThis as unknown as Timed;
    const submit = scope.phone.submit.bind(scope.phone);
    scope.took = [];
    scope.phone.submit = async (operation) => {
      const before = performance.now();
      const row = await submit(operation);
      scope.took.push(performance.now() - before);
      return row;
    };
  });
}

/** Opens the application without a network after the browser was gone; milliseconds from the navigation to the first row. */
async function coldStart(phone: Phone, slower: number): Promise<number> {
  await phone.quit();
  await phone.start();
  await phone.context.setOffline(true);
  const page = phone.page;
  if (slower > 1) await ((await phone.context.newCDPSession(page)) as CDPSession).send('Emulation.setCPUThrottlingRate', { rate: slower });
  await page.goto(phone.home, { waitUntil: 'commit' });
  await page.getByTestId(/^row-/).first().waitFor({ timeout: 60_000 });
  return page.evaluate(() => (globalThis as unknown as { firstRowMs: number }).firstRowMs);
}

const FIRST_ROW = `new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-testid^="row-"]')) return;
  observer.disconnect();
  requestAnimationFrame(() => { globalThis.firstRowMs = performance.now(); });
}).observe(document, { childList: true, subtree: true });`;

/** Frames while the list runs from its top to its end. */
async function scroll(phone: Phone, slower: number): Promise<number[]> {
  const page = phone.page;
  const session = await phone.context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
  const frames = await page.evaluate(async () => {
    let list: Element | null = document.querySelector('[data-testid^="row-"]');
    while (list && list.scrollHeight <= list.clientHeight + 10) list = list.parentElement;
    if (!list) throw new Error('nothing scrolls');
    const found: number[] = [];
    let before = performance.now();
    for (let frame = 0; frame < 180; frame += 1) {
      list.scrollTop += 900;
      await new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
      found.push(performance.now() - before);
      before = performance.now();
    }
    return found;
  });
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  return frames.sort((a, b) => a - b);
}

/** The application itself with as many tasks as a phone holds: cold starts and the list. */
async function application(): Promise<void> {
  console.log(`the phone's application with ${TASKS} tasks`);
  await plan(LOGIN, TASKS);
  const phone = await Phone.open(server);
  await phone.beforeEveryPage(FIRST_ROW);
  const inspector = new Inspector(await phone.visit());
  const started = performance.now();
  await inspector.signIn(LOGIN, server.world.password);
  await inspector.prepare();
  const count = (): Promise<number> =>
    inspector.page.evaluate(async () => {
      for (const { name = '' } of await indexedDB.databases()) {
        const base = await new Promise<IDBDatabase>((resolve) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => resolve(request.result);
        });
        if (!base.objectStoreNames.contains('records')) continue;
        const found = await new Promise<number>((resolve) => {
          const request = base.transaction('records').objectStore('records').count();
          request.onsuccess = () => resolve(request.result);
        });
        base.close();
        return found;
      }
      return 0;
    });
  await waitFor('all tasks to be on the phone', async () => (await count()) >= TASKS * 0.99, 240);
  say(`first sync of ${await count()} records, to "ready offline"`, (performance.now() - started) / 1000, 's');
  await inspector.page.evaluate(async () => void (await navigator.serviceWorker.ready));

  for (const [slower, goal] of [
    [1, 1500],
    [4, 4000],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) times.push(await coldStart(phone, slower));
    say(`offline cold start, browser restarted, CPU x${slower}, best`, Math.min(...times), 'ms', goal);
    say(`offline cold start, browser restarted, CPU x${slower}, median`, median(times), 'ms', goal);
  }
  await coldStart(phone, 1);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  for (const slower of [1, 4]) {
    const frames = await scroll(phone, slower);
    say(`a frame while the list is scrolled, CPU x${slower}, p50`, median(frames), 'ms');
    say(
      `a frame while the list is scrolled, CPU x${slower}, p95`,
      frames[Math.floor(frames.length * 0.95)] ?? Number.NaN,
      'ms',
      slower === 1 ? 50 : null,
    );
  }
  await phone.goOnline();
  await phone.close();
}

/** What the browser's store takes for records. */
async function store(): Promise<void> {
  const second = await Phone.open(server);
  const engine = await Engine.open(second, server.world.engine);
  await engine.signIn('P002', server.world.password);
  const writes = await engine.page.evaluate(async () => {
    const scope = globalThis as unknown as {
      phone: {
        db: {
          records: {
            bulkPut(rows: object[]): Promise<unknown>;
            put(row: object): Promise<unknown>;
            bulkDelete(keys: string[]): Promise<void>;
          };
        };
      };
    };
    const rows = (from: number, length: number): { key: string }[] =>
      Array.from({ length }, (_, index) => ({
        key: `PATROL_TASK:bench/${from + index}`,
        kind: 'PATROL_TASK',
        name: `bench/${from + index}`,
        revision: 1,
        index: 1,
        open: true,
        assigned: true,
        tab: 'ground',
        sort: from + index,
        division: 'd',
        category: 'c',
        title: `检查 ${index}`,
        state: 'ISSUED',
        dueMs: 1,
        startMs: 1,
        longitude: 114,
        latitude: 33,
        data: {
          name: `bench/${index}`,
          title: '检查',
          state: 'ISSUED',
          etag: '1',
          note: 'x'.repeat(400),
        },
        events: [],
        pendingOps: [],
      }));
    const time = async (work: () => Promise<unknown>): Promise<number> => {
      const before = performance.now();
      await work();
      return performance.now() - before;
    };
    const bulk: number[] = [];
    for (let round = 0; round < 5; round += 1) bulk.push(await time(() => scope.phone.db.records.bulkPut(rows(round * 1000, 1000))));
    const one = await time(async () => {
      for (const row of rows(9000, 100)) await scope.phone.db.records.put(row);
    });
    await scope.phone.db.records.bulkDelete([...rows(0, 5000), ...rows(9000, 100)].map((row) => row.key));
    return { bulk, oneByOne: one * 10 };
  });
  say('1,000 records in one transaction, best of 5', Math.min(...writes.bulk), 'ms', 400);
  say('one by one, as a multiple of that', writes.oneByOne / Math.min(...writes.bulk), 'x');
  await second.close();
}

for (const [name, part] of Object.entries({ application, store, month })) {
  if (wanted.length === 0 || wanted.includes(name)) await part();
}
server.close();
process.exit(0);
