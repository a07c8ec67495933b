// node pictures.ts WORLD.json [word...]: what the screens look like, against the golden pictures. On a server of its own whose clock
// stands still, so that every picture says the same day.
import { readFileSync } from 'node:fs';
import { Casework } from './harness/casework.ts';
import type { Page } from './harness/libraries.ts';
import { sameAsGolden } from './harness/pictures.ts';
import { everybodyCanUse } from './harness/reachable.ts';
import { runScenarios, scenario, type Stage } from './harness/scenario.ts';
import { Server, type World } from './harness/server.ts';
import { Desk } from './pages/desk.ts';
import { Inspector } from './pages/inspector.ts';

const TIME = '2036-03-03T01:00:00Z';

/** Takes the picture once nothing moves any more. */
async function take(stage: Stage, page: Page, name: string): Promise<void> {
  await page.waitForLoadState('load');
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(700);
  // Every picture in the page is there.
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  // A field that has the focus may have scrolled itself into sight, sooner or later.
  await page.evaluate(() => {
    for (const each of [document.documentElement, ...document.querySelectorAll('*')]) if (each.scrollTop > 0) each.scrollTop = 0;
  });
  // Not in the moment of a sync: the bar says so.
  await page.waitForFunction(() => !/正在同步|Syncing/.test(document.querySelector('[data-testid="network-bar"]')?.textContent ?? ''));
  await sameAsGolden(stage.server, page, name);
}

/** The application on a new phone, in this language, before anybody has signed in. */
async function opened(stage: Stage, locale: 'zh-CN' | 'en-US', width = 360, twice = false): Promise<Inspector> {
  const phone = await stage.phone({ locale, width, height: 740, fixedTime: TIME });
  phone.network.demoTime = TIME;
  if (twice) {
    await phone.beforeEveryPage(
      "document.addEventListener('DOMContentLoaded', () => document.documentElement.style.setProperty('font-size', '200%'));",
    );
  }
  const inspector = new Inspector(await phone.visit('sign-in'));
  await inspector.at('language').waitFor();
  if (locale === 'en-US' && !(await inspector.page.evaluate(() => document.documentElement.lang.startsWith('en'))))
    await inspector.tap('language');
  return inspector;
}

async function signedIn(stage: Stage, login: string, locale: 'zh-CN' | 'en-US'): Promise<Inspector> {
  const inspector = await opened(stage, locale);
  await inspector.signIn(login, stage.server.world.password);
  await inspector.prepare();
  return inspector;
}

async function pictures(
  stage: Stage,
  login: string,
  name: string,
  locale: 'zh-CN' | 'en-US',
  width: number,
  twice: boolean,
): Promise<string> {
  // Due at different instants: the list has one order.
  const later = new Date(Date.parse(TIME) + 4 * 3_600_000 + 1000).toISOString();
  const task = await stage.server.plan(
    login,
    '夜间露天焚烧检查',
    { division: stage.server.division('411702001201'), dueTime: later },
    TIME,
  );
  await stage.server.plan(login, '秸秆堆放点复查', { division: stage.server.division('411702001202') }, TIME);
  const inspector = await opened(stage, locale, width, twice);
  await take(stage, inspector.page, `${name}/sign_in`);
  await inspector.signIn(login, stage.server.world.password);
  await inspector.prepare();
  await inspector.row(task).waitFor();
  await take(stage, inspector.page, `${name}/work`);
  const id = task.split('/')[1] ?? '';
  for (const [path, screen, wanted] of [
    [`/tasks/${id}`, 'task', 'action-visit'],
    [`/tasks/${id}/do/visit`, 'visit', 'submit'],
    ['/report', 'report', 'submit'],
    ['/outbox', 'outbox', 'sync-now'],
    ['/me', 'me', 'to-board'],
  ] as const) {
    await inspector.go(path);
    await inspector.at(wanted).first().waitFor();
    await take(stage, inspector.page, `${name}/${screen}`);
  }
  return '7 pictures';
}

for (const [login, name, locale, width, twice] of [
  ['P001', 'zh_320', 'zh-CN', 320, false],
  ['P002', 'zh_360', 'zh-CN', 360, false],
  ['P003', 'en_360', 'en-US', 360, false],
  ['P004', 'zh_360_text_200', 'zh-CN', 360, true],
  ['P005', 'en_320_text_200', 'en-US', 320, true],
] as const) {
  scenario(`the screens look as they should: ${name}`, (stage) => pictures(stage, login, name, locale, width, twice));
}

/** The cases of the ground, made once, at their own time: overdue, in hand, waiting for a signature, closed, and a lead to decide on. */
let making: Promise<{ lead: string; passed: string; passedNo: string }> | null = null;
function ground(server: Server): NonNullable<typeof making> {
  making ??= (async () => {
    const hours = (before: number): Casework =>
      new Casework(server, 'WASTE_BURNING', new Date(Date.parse(TIME) - before * 3_600_000).toISOString());
    await hours(72).handled('P011');
    await hours(30).monitored('P012');
    const passed = await hours(20).passed('P013');
    await hours(4).handled('P014');
    // Nothing that a clock of the server would move on by itself while pictures are taken.
    const lead = await hours(0.05).find('G004', '村口垃圾收集点冒烟，已拍照');
    return { lead, passed, passedNo: (await hours(0).case(passed)).caseNo ?? '' };
  })();
  return making;
}

for (const [name, locale] of [
  ['leader_zh_360', 'zh-CN'],
  ['leader_en_360', 'en-US'],
] as const) {
  scenario(`the screens look as they should: ${name}`, async (stage) => {
    const { lead, passed } = await ground(stage.server);
    const leader = await signedIn(stage, 'G002', locale);
    for (const [path, screen, wanted] of [
      ['/board', 'board', 'board-row'],
      [`/${passed}/sign-off`, 'sign_off', 'independent'],
    ] as const) {
      await leader.go(path);
      await leader.at(wanted).first().waitFor();
      await take(stage, leader.page, `${name}/${screen}`);
      await everybodyCanUse(leader.page, `${name}/${screen}`);
    }
    const office = await signedIn(stage, 'G001', locale);
    await office.go(`/${lead}/decide`);
    await office.pick('choice', 'file');
    await take(stage, office.page, `${name}/decide`);
    await everybodyCanUse(office.page, `${name}/decide`);
    return '3 pictures';
  });
}

scenario('the screens look as they should: desk', async (stage) => {
  const { passedNo } = await ground(stage.server);
  // One phone of the person at the desk, for the list of phones.
  await signedIn(stage, 'G007', 'zh-CN');

  const console = await stage.phone({ app: 'console', fixedTime: TIME });
  console.network.demoTime = TIME;
  const desk = await Desk.open(console, 'G007', stage.server.world.password);
  for (const [folder, width, height] of [
    ['desk_zh_1280', 1280, 800],
    ['desk_zh_360', 360, 740],
  ] as const) {
    await desk.page.setViewportSize({ width, height });
    for (const [path, wanted] of [
      ['board', 'board-row'],
      ['cases', 'case-row'],
      ['devices', 'device-row'],
    ] as const) {
      await desk.go(path);
      await desk.at(wanted).first().waitFor();
      await take(stage, desk.page, `${folder}/${path}`);
    }
  }
  const workspace = await stage.phone({ app: 'review', fixedTime: TIME });
  workspace.network.demoTime = TIME;
  const review = await Desk.open(workspace, 'D001', stage.server.world.password);
  await review.go(`cases/${passedNo}`);
  await review.at('step').first().waitFor();
  await take(stage, review.page, 'desk_zh_1280/review');
  return '7 pictures';
});

const [file = '', ...words] = process.argv.slice(2);
const server = new Server(JSON.parse(readFileSync(file, 'utf8')) as World);
const well = await runScenarios(server, words, 2);
server.close();
process.exit(well ? 0 : 1);
