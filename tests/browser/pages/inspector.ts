// The inspector's application as a person sees it: what can be tapped, and what is to be read. Selectors stand only here.
import type { Page } from '../harness/libraries.ts';
import { check, waitFor } from '../harness/scenario.ts';

export class Inspector {
  readonly page: Page;
  /** Taps so far, of whatever kind. */
  taps = 0;

  constructor(page: Page) {
    this.page = page;
  }

  at(testId: string): ReturnType<Page['getByTestId']> {
    return this.page.getByTestId(testId);
  }

  async tap(testId: string): Promise<void> {
    await this.at(testId).first().click();
    this.taps += 1;
  }

  /** One of several that exclude each other. */
  async pick(name: string, value: string): Promise<void> {
    await this.page.locator(`input[name="${name}"][value="${value}"]`).check();
    this.taps += 1;
  }

  async words(testId: string): Promise<string> {
    return (await this.at(testId).first().innerText()).replaceAll(/\s+/g, ' ');
  }

  // ---- signing in

  async signIn(login: string, password: string): Promise<void> {
    await this.at('login').or(this.at('account-other')).first().waitFor();
    if (!(await this.at('login').isVisible())) await this.tap('account-other');
    await this.at('login').fill(login);
    await this.at('password').fill(password);
    await this.tap('sign-in');
    await this.at('prepare').or(this.at('tab-todo')).first().waitFor();
  }

  /** Everything for days without a network; ends at the list. */
  async prepare(): Promise<void> {
    if (!(await this.at('prepare').isVisible())) await this.page.goto(`${new URL(this.page.url()).origin}/inspector/prepare`);
    await this.at('prepare').waitFor();
    // It begins by itself after the first sign-in; what was cut off is taken up by a tap.
    await waitFor(
      'the phone to be ready for days without a network',
      async () => {
        if (await this.at('ready-offline').isVisible()) return true;
        if (
          await this.at('prepare')
            .isEnabled({ timeout: 200 })
            .catch(() => false)
        )
          await this.at('prepare')
            .click({ timeout: 500 })
            .catch(() => undefined);
        return false;
      },
      90,
    );
    await this.tap('go-out');
    await this.at('tab-todo').waitFor();
  }

  // ---- lists

  async openTab(tab: 'todo' | 'doing' | 'returned' | 'done'): Promise<void> {
    await this.tap(`tab-${tab}`);
  }

  row(name: string): ReturnType<Page['getByTestId']> {
    return this.at(`row-${name.split('/').at(-1)}`);
  }

  async openRow(name: string): Promise<void> {
    await this.row(name).click();
    this.taps += 1;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${new URL(this.page.url()).origin}/inspector${path}`, { waitUntil: 'domcontentloaded' });
  }

  // ---- forms

  async openVisit(task: string): Promise<void> {
    await this.openRow(task);
    await this.tap('action-visit');
    await this.at('submit').waitFor();
  }

  /** The outcome of most looks: by the answers where there is a checklist, else chosen. */
  async nothingWrong(): Promise<void> {
    if (await this.at('rest-normal').isVisible()) await this.tap('rest-normal');
    else await this.choose('NORMAL');
  }

  async choose(result: string): Promise<void> {
    if (!(await this.at(`result-${result}`).isVisible())) await this.tap('cannot-look');
    await this.tap(`result-${result}`);
  }

  /** One picture from the camera in the page. */
  async shoot(opener = 'take-photo'): Promise<void> {
    await this.at(opener).first().waitFor();
    await this.tap(opener);
    await this.at('camera').waitFor();
    await waitFor('the camera to be ready', () => this.at('shutter').isEnabled());
    const before = await this.pictures();
    await this.tap('shutter');
    await waitFor('the picture to be kept', async () => (await this.pictures()) > before || !(await this.at('camera').isVisible()));
    if (await this.at('camera').isVisible()) await this.tap('camera-close');
  }

  async pictures(): Promise<number> {
    return this.page.evaluate(
      () => document.querySelectorAll('[data-testid="retake"]').length + document.querySelectorAll('figure').length,
    );
  }

  async canSubmit(): Promise<boolean> {
    return this.at('submit').isEnabled();
  }

  async submit(): Promise<void> {
    await waitFor('everything wanted to be there', () => this.canSubmit()).catch(async (error: Error) => {
      check(false, `${error.message}; the button says: ${await this.at('submit').textContent()}`);
    });
    await this.tap('submit');
    await this.at('submit').waitFor({ state: 'detached' });
  }

  /** The normal record of a task: nothing wrong, one picture. */
  async normalVisit(task: string, photos = 1): Promise<void> {
    await this.openVisit(task);
    await this.nothingWrong();
    for (let number = 0; number < photos; number += 1) await this.shoot();
    await this.submit();
  }

  // ---- the outbox

  async sync(): Promise<void> {
    await this.go('/outbox');
    await this.tap('sync-now');
  }

  // ---- state

  async pending(): Promise<string> {
    return (await this.at('net-pending').textContent()) ?? '';
  }

  /** Until nothing is only on the phone. */
  async everythingArrived(seconds = 60): Promise<void> {
    await waitFor(
      'the outbox to be empty',
      async () => {
        const left = await this.unsettled();
        return left.operations === 0 && left.photos === 0;
      },
      seconds,
    );
  }

  /** What the phone's own store says, read beside the application. */
  async unsettled(): Promise<{ operations: number; photos: number; states: string[] }> {
    const rows = await this.rows();
    const operations = rows.operations.filter((one) => !['accepted', 'asserted', 'sealed', 'refused'].includes(one.state)).length;
    const photos = rows.photos.filter((one) => ['queued', 'uploading'].includes(one.state)).length;
    return { operations, photos, states: rows.operations.map((one) => one.state) };
  }

  async rows(): Promise<{
    operations: { opId: string; state: string; subject: string; photos: string[]; seq: number }[];
    photos: { sha256: string; size: number; state: string; receipt: string | null }[];
    drafts: { form: string; subject: string; photos: string[] }[];
  }> {
    return this.page.evaluate(async () => {
      const all = async (store: IDBObjectStore): Promise<unknown[]> =>
        new Promise((resolve, reject) => {
          const request = store.getAll();
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const found = { operations: [] as unknown[], photos: [] as unknown[], drafts: [] as unknown[] };
      for (const { name = '' } of await indexedDB.databases()) {
        const base = await new Promise<IDBDatabase>((resolve, reject) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
        for (const table of ['operations', 'photos', 'drafts'] as const) {
          if (!base.objectStoreNames.contains(table)) continue;
          found[table].push(...(await all(base.transaction(table).objectStore(table))));
        }
        base.close();
      }
      return JSON.parse(JSON.stringify(found)) as never;
    });
  }
}
