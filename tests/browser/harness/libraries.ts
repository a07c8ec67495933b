// The browser's driver and its companions are installed with the web workspace; only this file knows where.
import { createRequire } from 'node:module';

const workspace = createRequire(new URL('../../../clients/web/package.json', import.meta.url));

export const { chromium } = workspace('playwright-core') as typeof import('playwright-core');
export const { AxeBuilder } = workspace('@axe-core/playwright') as typeof import('@axe-core/playwright');
export const { PNG } = workspace('pngjs') as typeof import('pngjs');
export const pixelmatch = (workspace('pixelmatch') as { default: typeof import('pixelmatch').default }).default;

export type { BrowserContext, ConsoleMessage, Locator, Page, Request } from 'playwright-core';
