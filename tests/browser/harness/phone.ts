// A phone: Debian's Chromium with a profile of its own, behind a network of its own. It can be taken offline, its tab closed, its browser
// killed, its clock moved. Whatever it does that no page of ours may do is remembered: foreign requests, broken policy, script errors.
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyNetwork } from './faulty_network.ts';
import { chromium, type BrowserContext, type Page, type Request } from './libraries.ts';
import type { Server } from './server.ts';

export interface PhoneOptions {
  /** Anything but the inspector's is used at a desk: a mouse, a wide window. */
  app?: 'inspector' | 'console' | 'review';
  width?: number;
  height?: number;
  locale?: 'zh-CN' | 'en-US';
  /** Denied: the person said no. */
  camera?: 'fake' | 'denied';
  location?: { longitude: number; latitude: number; accuracy: number } | 'denied';
  serviceWorkers?: 'allow' | 'block';
  /** Opened without TLS, as somebody would who types the address. */
  plainHttp?: boolean;
  /** Every screen stands still at this time: pictures. */
  fixedTime?: string;
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--host-resolver-rules=MAP gridwarden.test 127.0.0.1',
];
const PLACE = { longitude: 114.02, latitude: 32.98, accuracy: 12 };

export class Phone {
  readonly network: FaultyNetwork;
  readonly wrongs: string[] = [];
  readonly #server: Server;
  readonly #options: PhoneOptions;
  readonly #profile: string;
  #context: BrowserContext | null = null;
  #clockShiftMs = 0;
  #scripts: string[] = [];

  private constructor(server: Server, network: FaultyNetwork, options: PhoneOptions) {
    this.#server = server;
    this.network = network;
    this.#options = options;
    this.#profile = mkdtempSync(join(tmpdir(), 'gw-phone-'));
  }

  static async open(server: Server, options: PhoneOptions = {}): Promise<Phone> {
    const phone = new Phone(server, await FaultyNetwork.open(server.address), options);
    await phone.start();
    return phone;
  }

  get context(): BrowserContext {
    if (!this.#context) throw new Error('the browser does not run');
    return this.#context;
  }

  get origin(): string {
    return this.#options.plainHttp ? `http://gridwarden.test:${this.network.plainPort}` : `https://127.0.0.1:${this.network.port}`;
  }

  get home(): string {
    return `${this.origin}/${this.#options.app ?? 'inspector'}/`;
  }

  /** Starts the browser on the profile: after a kill this is what the person does next. */
  async start(): Promise<void> {
    const desk = (this.#options.app ?? 'inspector') !== 'inspector';
    const {
      width = desk ? 1280 : 360,
      height = desk ? 800 : 740,
      locale = 'zh-CN',
      camera = 'fake',
      location = PLACE,
      serviceWorkers = 'allow',
    } = this.#options;
    const key = new X509Certificate(this.#server.address.certificate).publicKey.export({ type: 'spki', format: 'der' });
    const permissions = ['background-sync', ...(camera === 'fake' ? ['camera'] : []), ...(location === 'denied' ? [] : ['geolocation'])];
    this.#context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: [
        ...FLAGS.filter((flag) => camera === 'fake' || !flag.includes('fake-ui')),
        `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`,
      ],
      viewport: { width, height },
      deviceScaleFactor: 1,
      hasTouch: !desk,
      isMobile: !desk,
      locale,
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
      serviceWorkers,
      permissions,
      ...(location === 'denied' ? {} : { geolocation: location }),
    });
    this.#context.setDefaultTimeout(30_000);
    await this.#context.addInitScript(WATCH);
    if (this.#clockShiftMs !== 0) await this.#context.addInitScript(shiftClock, this.#clockShiftMs);
    for (const script of this.#scripts) await this.#context.addInitScript(script);
    if (this.#options.fixedTime) await this.#context.addInitScript(fixClock, Date.parse(this.#options.fixedTime));
    this.#context.on('request', (request) => this.#judge(request));
    this.#context.on('page', (page) => this.#watch(page));
    for (const page of this.#context.pages()) this.#watch(page);
  }

  /** The tab in use. */
  get page(): Page {
    const page = this.context.pages().at(-1);
    if (!page) throw new Error('no tab is open');
    return page;
  }

  /** Opens the application in the first tab. */
  async visit(path = ''): Promise<Page> {
    const page = this.context.pages()[0] ?? (await this.context.newPage());
    await page.goto(`${this.home}${path}`, { waitUntil: 'domcontentloaded' });
    return page;
  }

  async newTab(path = ''): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${this.home}${path}`, { waitUntil: 'domcontentloaded' });
    return page;
  }

  /** No network at all, as the phone itself knows. */
  async goOffline(): Promise<void> {
    this.network.breakDown();
    await this.context.setOffline(true);
  }

  async goOnline(): Promise<void> {
    this.network.heal();
    await this.context.setOffline(false);
  }

  /** As when the system needs the memory: the browser is gone without a word. */
  async kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.context.once('close', () => resolve()));
    for (const pid of this.#processes()) process.kill(pid, 'SIGKILL');
    await gone;
    this.#context = null;
  }

  async quit(): Promise<void> {
    await this.#context?.close();
    this.#context = null;
  }

  /** Moves the phone's clock; pages opened from now on see it. */
  async moveClock(ms: number): Promise<void> {
    this.#clockShiftMs = ms;
    await this.context.addInitScript(shiftClock, ms);
  }

  /** Runs before every page from now on, after restarts too. */
  async beforeEveryPage(script: string): Promise<void> {
    this.#scripts.push(script);
    await this.context.addInitScript(script);
  }

  async close(): Promise<void> {
    await this.quit().catch(() => undefined);
    await this.network.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(`--user-data-dir=${this.#profile}`);
        } catch {
          return false;
        }
      });
  }

  #judge(request: Request): void {
    const url = request.url();
    if (!url.startsWith(this.origin) && !/^(?:data|blob|about):/.test(url)) this.wrongs.push(`a foreign request: ${url}`);
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) =>
      this.wrongs.push(`a script error: ${error.message}\n${(error.stack ?? '').split('\n').slice(1, 4).join('\n')}`),
    );
    page.on('console', (message) => {
      if (message.text().startsWith('broken policy:')) this.wrongs.push(message.text());
    });
  }
}

const WATCH = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('broken policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile));`;

/** In the page: the wall clock runs, but is wrong by this much. */
function shiftClock(ms: number): void {
  const scope = globalThis as unknown as { trueDate?: typeof Date; Date: typeof Date };
  const TrueDate = (scope.trueDate ??= Date);
  scope.Date = class extends TrueDate {
    constructor(...given: [] | [number | string | Date]) {
      super(...((given.length === 0 ? [TrueDate.now() + ms] : given) as [number]));
    }
    static override now(): number {
      return TrueDate.now() + ms;
    }
  } as typeof Date;
}

/** In the page: the wall clock stands. */
function fixClock(at: number): void {
  const TrueDate = Date;
  (globalThis as { Date: typeof Date }).Date = class extends TrueDate {
    constructor(...given: [] | [number | string | Date]) {
      super(...((given.length === 0 ? [at] : given) as [number]));
    }
    static override now(): number {
      return at;
    }
  } as typeof Date;
}
