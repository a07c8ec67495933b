// The console and the review workspace as a person sees them, at a desk or on a phone. Selectors stand only here.
import type { Phone } from '../harness/phone.ts';
import type { Page } from '../harness/libraries.ts';

export class Desk {
  readonly page: Page;
  readonly #home: string;

  private constructor(page: Page, home: string) {
    this.page = page;
    this.#home = home;
  }

  /** Signs in; ends at the first page. */
  static async open(phone: Phone, login: string, password: string): Promise<Desk> {
    const desk = new Desk(await phone.visit(), phone.home);
    await desk.page.locator('input[name="login"]').fill(login);
    await desk.page.locator('input[name="password"]').fill(password);
    await desk.page.locator('button[type="submit"]').click();
    await desk.at('sign-out').waitFor();
    return desk;
  }

  at(testId: string): ReturnType<Page['getByTestId']> {
    return this.page.getByTestId(testId);
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.#home}${path}`, { waitUntil: 'domcontentloaded' });
    await this.at('sign-out').waitFor();
  }

  async speakEnglish(): Promise<void> {
    await this.page.getByRole('button', { name: 'English' }).click();
    await this.page.waitForFunction(() => document.documentElement.lang.startsWith('en'));
  }

  /** The board: its number of a measure. */
  async number(measure: string): Promise<number> {
    return Number(await this.at(`measure-${measure}`).locator('strong').innerText());
  }
}
