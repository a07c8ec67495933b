// Whether everybody can use a screen, as far as a program can tell: it fits the phone, and axe has no critical and no serious finding.
import { AxeBuilder, type Page } from './libraries.ts';
import { check, NotAsWanted } from './scenario.ts';

/** Nothing is on its way any more that would change how the screen looks. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('load');
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(300);
}

/** Nothing has to be scrolled sideways into sight. */
export async function nothingBesideTheScreen(page: Page, screen: string): Promise<void> {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll('body *')].filter((one) => {
      const box = one.getBoundingClientRect();
      if (box.width === 0 || box.right <= width + 1) return false;
      for (let parent = one.parentElement; parent; parent = parent.parentElement)
        if (/auto|scroll|hidden/.test(getComputedStyle(parent).overflowX)) return false;
      return true;
    });
    return { scroll: document.documentElement.scrollWidth - width, first: over[0]?.outerHTML.slice(0, 200) ?? '' };
  });
  check(wide.scroll <= 1 && wide.first === '', `${screen} is wider than the phone by ${wide.scroll} px: ${wide.first}`);
}

export async function everybodyCanUse(page: Page, screen: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ['violations'] })
    .analyze();
  const found = violations.filter((one) => one.impact === 'critical' || one.impact === 'serious');
  if (found.length === 0) return;
  throw new NotAsWanted(
    `${screen}: ${found
      .map(
        (one) =>
          `${one.id} (${one.impact}): ${one.help}\n${one.nodes
            .slice(0, 4)
            .map((node) => `    ${node.html.slice(0, 200)}\n      ${(node.failureSummary ?? '').replaceAll('\n', ' ').slice(0, 300)}`)
            .join('\n')}`,
      )
      .join('\n')}`,
  );
}
