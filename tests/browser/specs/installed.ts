// The application can be put on the home screen and opens there like any other: by what the browser itself says of it.
import type { CDPSession } from 'playwright-core';
import { PNG } from '../harness/libraries.ts';
import { check, same, scenario } from '../harness/scenario.ts';
import { goOut } from './offline_day.ts';

interface Manifest {
  name: string;
  start_url: string;
  scope: string;
  display: string;
  icons: { src: string; sizes: string; type: string; purpose?: string }[];
}

scenario(
  'the browser would put the application on the home screen: manifest, icons, a page of its own, a worker in charge',
  async (stage) => {
    const phone = await stage.phone();
    const { page } = await goOut(stage, phone, 'P029');
    await page.reload();
    const controller = await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      return navigator.serviceWorker.controller?.scriptURL ?? '';
    });
    same(controller, `${phone.home}sw.js`, 'the service worker in charge of the page');

    const session: CDPSession = await phone.context.newCDPSession(page);
    const { url, errors, data = '' } = await session.send('Page.getAppManifest');
    same(errors, [], 'what the browser has against the manifest');
    same(new URL(url).origin, phone.origin, 'where the manifest comes from');
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    // A test's window is not one of a person: that is no fault of the page.
    const against = installabilityErrors.map((one) => one.errorId).filter((one) => one !== 'in-incognito');
    same(against, [], 'what stands against installing it');

    const manifest = JSON.parse(data) as Manifest;
    same(manifest.display, 'standalone', 'how it is shown');
    check(manifest.name.length > 0, 'it has no name');
    check(new URL(manifest.start_url, url).href.startsWith(new URL(manifest.scope, url).href), 'it begins outside its scope');
    check(phone.home.startsWith(new URL(manifest.scope, url).href), `the page is not within ${manifest.scope}`);
    const sizes: string[] = [];
    for (const icon of manifest.icons) {
      const answer = await page.evaluate(async (address) => {
        const read = await fetch(address);
        return { status: read.status, bytes: [...new Uint8Array(await read.arrayBuffer())] };
      }, new URL(icon.src, url).href);
      same(answer.status, 200, `the answer for ${icon.src}`);
      if (icon.type !== 'image/png') continue;
      const { width, height } = PNG.sync.read(Buffer.from(answer.bytes));
      same(`${width}x${height}`, icon.sizes, `the size of ${icon.src}`);
      sizes.push(`${icon.sizes}${icon.purpose?.includes('maskable') ? ' maskable' : ''}`);
    }
    for (const wanted of ['192x192', '512x512'])
      check(
        sizes.some((one) => one.startsWith(wanted)),
        `no icon of ${wanted}: ${sizes.join(', ')}`,
      );
    // Without a network it opens from its icon.
    await phone.goOffline();
    await page.goto(new URL(manifest.start_url, url).href);
    await page.getByTestId('tab-todo').waitFor();
    return sizes.join(', ');
  },
);
