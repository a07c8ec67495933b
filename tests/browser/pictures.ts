// node pictures.ts WORLD.json [word...]: what the screens look like, against the golden pictures. On a server of its own whose clock
// stands still, so that every picture says the same day.
import { readFileSync } from 'node:fs';
import { sameAsGolden } from './harness/pictures.ts';
import { runScenarios, scenario, type Stage } from './harness/scenario.ts';
import { Server, type World } from './harness/server.ts';
import { Inspector } from './pages/inspector.ts';

const TIME = '2027-03-01T01:00:00Z';

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
  const take = async (screen: string): Promise<void> => {
    await inspector.page.waitForLoadState('load');
    await inspector.page.evaluate(() => document.fonts.ready);
    await inspector.page.waitForTimeout(700);
    // Not in the moment of a sync: the bar says so.
    await inspector.page.waitForFunction(
      () => !/正在同步|Syncing/.test(document.querySelector('[data-testid="network-bar"]')?.textContent ?? ''),
    );
    // A field that has the focus may have scrolled itself into sight, sooner or later.
    await inspector.page.evaluate(() => {
      for (const each of [document.documentElement, ...document.querySelectorAll('*')]) if (each.scrollTop > 0) each.scrollTop = 0;
    });
    await sameAsGolden(stage.server, inspector.page, `${name}/${screen}`);
  };
  await take('sign_in');
  await inspector.signIn(login, stage.server.world.password);
  await inspector.prepare();
  await inspector.row(task).waitFor();
  await take('work');
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
    await take(screen);
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

const [file = '', ...words] = process.argv.slice(2);
const server = new Server(JSON.parse(readFileSync(file, 'utf8')) as World);
const well = await runScenarios(server, words, 2);
server.close();
process.exit(well ? 0 : 1);
