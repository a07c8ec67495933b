// Golden pictures: what a screen looks like, held with a tolerance. GRIDWARDEN_WRITE_GOLDEN=1 writes them anew; a difference is written
// beside as <name>.got.png and <name>.diff.png.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pixelmatch, PNG, type Locator, type Page } from './libraries.ts';
import { NotAsWanted } from './scenario.ts';
import type { Server } from './server.ts';

/** Share of pixels that may differ: fonts are drawn a little differently on every machine. */
const TOLERANCE = 0.01;

export async function sameAsGolden(server: Server, page: Page, name: string, mask: Locator[] = []): Promise<void> {
  const file = join(server.world.screens, `${name}.png`);
  const got = await page.screenshot({ animations: 'disabled', caret: 'hide', mask });
  const [gotFile, diffFile] = [file.replace(/png$/, 'got.png'), file.replace(/png$/, 'diff.png')];
  rmSync(gotFile, { force: true });
  rmSync(diffFile, { force: true });
  if (server.world.writeGolden) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, got);
    return;
  }
  if (!existsSync(file)) throw new NotAsWanted(`there is no golden picture ${file}; GRIDWARDEN_WRITE_GOLDEN=1 writes it`);
  const [a, b] = [PNG.sync.read(readFileSync(file)), PNG.sync.read(got)];
  const sameSize = a.width === b.width && a.height === b.height;
  const diff = new PNG({ width: b.width, height: b.height });
  const share = sameSize ? pixelmatch(a.data, b.data, diff.data, a.width, a.height, { threshold: 0.2 }) / (a.width * a.height) : 1;
  if (share <= TOLERANCE) return;
  writeFileSync(gotFile, got);
  if (sameSize) writeFileSync(diffFile, PNG.sync.write(diff));
  throw new NotAsWanted(
    `${name} looks different: ${(100 * share).toFixed(2)} % of its points${sameSize ? '' : ', another size'}; see ${gotFile}`,
  );
}
