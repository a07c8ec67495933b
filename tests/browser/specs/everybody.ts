// Everybody can use it: the smallest phone, text twice as large, both languages, people who cannot see; and it is light on the line.
import { gzipSync } from 'node:zlib';
import { everybodyCanUse, nothingBesideTheScreen, settled } from '../harness/reachable.ts';
import { check, scenario, type Stage } from '../harness/scenario.ts';
import { Inspector } from '../pages/inspector.ts';

const FIRST_LOAD_KB_MAX = 170;
const PRECACHE_KB_MAX = 300;
const TAPS_MAX = 10;

/** Every screen that needs nothing but an address. */
const SCREENS = [
  '/',
  '/?tab=done',
  '/outbox',
  '/drafts',
  '/map',
  '/notices',
  '/me',
  '/me/diagnose',
  '/me/feedback',
  '/prepare',
  '/applications',
  '/board',
];

async function checkScreens(stage: Stage, login: string, locale: 'zh-CN' | 'en-US', width: number, twice: boolean): Promise<string> {
  const task = await stage.server.plan(login, '青松东村 夜间露天焚烧检查');
  const phone = await stage.phone({ locale, width, height: 740 });
  const inspector = new Inspector(await phone.visit('sign-in'));
  if (locale === 'en-US') {
    await inspector.at('language').waitFor();
    if (!(await inspector.page.evaluate(() => document.documentElement.lang.startsWith('en')))) await inspector.tap('language');
  }
  if (twice)
    await phone.beforeEveryPage(
      "document.addEventListener('DOMContentLoaded', () => document.documentElement.style.setProperty('font-size', '200%'));",
    );
  await settled(inspector.page);
  await everybodyCanUse(inspector.page, '/sign-in');
  await inspector.signIn(login, stage.server.world.password);
  await inspector.prepare();
  const id = task.split('/')[1] ?? '';
  const screens = [...SCREENS, `/tasks/${id}`, `/tasks/${id}/do/visit`, '/report'];
  for (const screen of screens) {
    await inspector.go(screen);
    await settled(inspector.page);
    await nothingBesideTheScreen(inspector.page, screen);
    await everybodyCanUse(inspector.page, screen);
  }
  const lang = await inspector.page.evaluate(() => document.documentElement.lang);
  check(locale === 'zh-CN' ? lang === 'zh-CN' : lang.startsWith('en'), `the page says its language is ${lang}`);
  return `${screens.length + 1} screens`;
}

for (const [login, locale, width, twice] of [
  ['G003', 'zh-CN', 320, false],
  ['G004', 'en-US', 320, false],
  ['G002', 'zh-CN', 360, true],
  ['G005', 'en-US', 360, true],
] as const) {
  scenario(`every screen can be used by everybody: ${width} px, ${locale}${twice ? ', text at 200 %' : ''}`, (stage) =>
    checkScreens(stage, login === 'G002' || login === 'G003' || login === 'G005' ? 'G004' : login, locale, width, twice),
  );
}

scenario('the first load and the precache stay light, and a normal record takes few taps', async (stage) => {
  const task = await stage.server.plan('G004', '十次点按以内');
  const phone = await stage.phone({ serviceWorkers: 'block' });
  const sizes = new Map<string, number>();
  phone.context.on('response', async (response) => {
    const path = new URL(response.url()).pathname;
    if (/\.(?:js|css|html|svg|webmanifest)$|\/inspector\/$/.test(path))
      sizes.set(path, gzipSync(await response.body().catch(() => Buffer.alloc(0))).length);
  });
  const page = await phone.visit();
  await page.getByTestId('login').waitFor();
  await page.waitForLoadState('networkidle');
  const first = [...sizes.values()].reduce((sum, one) => sum + one, 0) / 1024;
  check(
    first <= FIRST_LOAD_KB_MAX,
    `first load: ${first.toFixed(0)} KB gz, want at most ${FIRST_LOAD_KB_MAX}: ${JSON.stringify([...sizes])}`,
  );

  const worker = (await stage.server.send('GET', '/inspector/sw.js', {})).body.toString();
  const files = [...new Set([...worker.matchAll(/url["'`]?:\s*["'`]([^"'`]+)["'`]/g)].map((match) => match[1] ?? ''))];
  check(files.length > 5, `the service worker names ${files.length} files`);
  let precache = 0;
  for (const file of files) precache += gzipSync((await stage.server.send('GET', `/inspector/${file}`, {})).body).length / 1024;
  check(precache <= PRECACHE_KB_MAX, `precache: ${precache.toFixed(0)} KB gz in ${files.length} files, want at most ${PRECACHE_KB_MAX}`);

  const inspector = new Inspector(page);
  await inspector.signIn('G004', stage.server.world.password);
  await inspector.prepare();
  inspector.taps = 0;
  await inspector.normalVisit(task);
  check(inspector.taps <= TAPS_MAX, `${inspector.taps} taps for a normal record, want at most ${TAPS_MAX}`);
  return `first load ${first.toFixed(0)} KB, precache ${precache.toFixed(0)} KB in ${files.length} files, ${inspector.taps} taps`;
});
