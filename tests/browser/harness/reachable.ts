// Whether everybody can use a screen, as far as a program can tell: no critical and no serious finding of axe.
import { AxeBuilder, type Page } from './libraries.ts';
import { NotAsWanted } from './scenario.ts';

export async function everybodyCanUse(page: Page, screen: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
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
