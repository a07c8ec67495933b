// The phone's engine in a tab of its own: the real store, keys, chain, queue and uploads of a real browser, without screens. What is
// asked of it here is what screens ask of it.
import { readFileSync } from 'node:fs';
import type { Page } from './libraries.ts';
import type { Phone } from './phone.ts';
import { check, waitFor } from './scenario.ts';

const PAGE = '/inspector/engine-of-tests.html';
const SCRIPT = '/inspector/engine-of-tests.js';

/** One operation as the phone holds it. */
export interface Operation {
  opId: string;
  seq: number;
  rpc: string;
  state: string;
  hash: string;
  prevHash: string;
  body: string;
  reason: string | null;
  grade: string | null;
  flags: string[];
  photos: string[];
  attempts: number;
}

export interface Photo {
  sha256: string;
  state: string;
  size: number;
  offset: number;
  receipt: string | null;
}

export class Engine {
  readonly phone: Phone;
  readonly page: Page;

  private constructor(phone: Phone, page: Page) {
    this.phone = phone;
    this.page = page;
  }

  /** Opens a tab with the engine and nothing else; signs in when `password` is given, else opens what signed in before. */
  static async open(phone: Phone, script: string): Promise<Engine> {
    phone.network.page(
      PAGE,
      'text/html; charset=utf-8',
      `<!doctype html><meta charset="utf-8"><title>engine</title><script type="module" src="${SCRIPT}"></script>`,
    );
    phone.network.page(SCRIPT, 'text/javascript', readFileSync(script, 'utf8'));
    const page = await phone.context.newPage();
    await page.goto(`${phone.origin}${PAGE}`);
    await page.waitForFunction(() => 'openPhoneBook' in globalThis);
    return new Engine(phone, page);
  }

  /** Signs in over the network. `alone`: the engine syncs by itself too, else only when asked. */
  async signIn(login: string, password: string, alone = false): Promise<void> {
    await this.page.evaluate(
      async ([login, password, alone]) => {
        const scope = globalThis as unknown as Scope;
        scope.book = scope.openPhoneBook({ alone, appBuild: 'test' });
        scope.phone = await scope.book.signIn(login, password);
      },
      [login, password, alone] as const,
    );
  }

  /** Opens the account that signed in before on this phone, without a network. */
  async reopen(alone = false): Promise<void> {
    await this.page.evaluate(async (alone) => {
      const scope = globalThis as unknown as Scope;
      scope.book = scope.openPhoneBook({ alone, appBuild: 'test' });
      const [first] = await scope.book.accounts();
      const opened = await scope.book.open(first!.account.name);
      if (!opened.ok) throw new Error(`not opened: ${opened.reason}`);
      scope.phone = opened.phone;
    }, alone);
  }

  /** Takes a picture of `size` bytes (random, JPEG by its head and tail) and keeps it; answers its digest. */
  async takePhoto(kilobytes: number): Promise<string> {
    return this.page.evaluate(async (kilobytes) => {
      const scope = globalThis as unknown as Scope;
      const canvas = new OffscreenCanvas(64, 64);
      const paint = canvas.getContext('2d')!;
      const hue = crypto.getRandomValues(new Uint8Array(192));
      for (let i = 0; i < 64; i += 1) {
        paint.fillStyle = `rgb(${hue[i]},${hue[i + 64]},${hue[i + 128]})`;
        paint.fillRect((i % 8) * 8, Math.floor(i / 8) * 8, 8, 8);
      }
      const jpeg = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.8 })).arrayBuffer());
      // A comment segment makes it as large as wanted and keeps it a whole JPEG.
      const parts: Uint8Array<ArrayBuffer>[] = [jpeg.slice(0, 2)];
      for (let left = kilobytes * 1024 - jpeg.length; left > 4; left -= 60_004) {
        const length = Math.min(60_000, left - 4);
        const filler = new Uint8Array(length + 4);
        filler.set([0xff, 0xfe, (length + 2) >> 8, (length + 2) & 255]);
        crypto.getRandomValues(filler.subarray(4, Math.min(filler.length, 65_000)));
        parts.push(filler);
      }
      parts.push(jpeg.slice(2));
      const blob = new Blob(parts, { type: 'image/jpeg' });
      const kept = await scope.phone.addPhoto({
        blob,
        contentType: 'image/jpeg',
        width: 64,
        height: 64,
        origin: 'camera',
        takenAtMs: Date.now(),
      });
      if (!kept.ok) throw new Error(`not kept: ${kept.reason}`);
      return kept.photo.sha256;
    }, kilobytes);
  }

  /** Says that nothing was wrong at a task, as the form does; answers the operation's id. */
  async visit(task: string, photos: string[] = [], more: Record<string, unknown> = {}): Promise<string> {
    return this.page.evaluate(
      async ([task, photos, more]) => {
        const scope = globalThis as unknown as Scope;
        const record = await scope.phone.db.records.get(`PATROL_TASK:${task}`);
        const evidence = photos.map((sha256) => ({ media: `media/${sha256}`, kind: 'NEAR' }));
        const row = await scope.phone.submit({
          rpc: 'gridwarden.patrol.v1.PatrolService/SubmitVisit',
          request: { parent: task, visitId: scope.newId(), visit: { result: 'NORMAL', evidence, note: '正常' }, ...more },
          subject: task,
          subjectKind: 'PATROL_TASK',
          baseEtag: (record?.data as { etag?: string } | undefined)?.etag ?? '',
          photos,
          summary: { key: 'op.visit.normal', params: { title: 't' } },
          fix: { longitude: 114.02, latitude: 32.98, accuracyM: 12, timeMs: Date.now() },
        });
        return row.opId;
      },
      [task, photos, more] as const,
    );
  }

  async sync(): Promise<Status> {
    return this.page.evaluate(async () => {
      const scope = globalThis as unknown as Scope;
      return scope.phone.syncNow('manual');
    });
  }

  async operations(): Promise<Operation[]> {
    return this.page.evaluate(async () => {
      const scope = globalThis as unknown as Scope;
      return scope.phone.db.operations.orderBy('seq').toArray();
    });
  }

  async photos(): Promise<Photo[]> {
    return this.page.evaluate(async () => {
      const scope = globalThis as unknown as Scope;
      return scope.phone.db.photos.toArray();
    });
  }

  async records(): Promise<{ name: string; state: string; tab: string; pendingOps: string[] }[]> {
    return this.page.evaluate(async () => {
      const scope = globalThis as unknown as Scope;
      return scope.phone.db.records.toArray();
    });
  }

  /** Syncs until nothing is only on the phone. */
  async settle(seconds = 60): Promise<void> {
    await waitFor(
      'everything to be delivered',
      async () => {
        const status = await this.sync();
        return status.pendingOperations === 0 && status.pendingPhotos === 0;
      },
      seconds,
    );
  }

  async onlyOperation(): Promise<Operation> {
    const [one, ...others] = await this.operations();
    check(one && others.length === 0, `want one operation, there are ${others.length + (one ? 1 : 0)}`);
    return one;
  }
}

export interface Status {
  phase: string;
  pendingOperations: number;
  pendingPhotos: number;
  refused: number;
  clockSkewMs: number | null;
  error: string | null;
}

/** What the page has. */
interface Scope {
  openPhoneBook(options: object): {
    signIn(login: string, password: string): Promise<Scope['phone']>;
    accounts(): Promise<{ account: { name: string } }[]>;
    open(name: string): Promise<{ ok: true; phone: Scope['phone'] } | { ok: false; reason: string }>;
  };
  book: ReturnType<Scope['openPhoneBook']>;
  newId(): string;
  phone: {
    submit(operation: object): Promise<{ opId: string }>;
    addPhoto(photo: object): Promise<{ ok: true; photo: Photo } | { ok: false; reason: string }>;
    syncNow(cause: string): Promise<Status>;
    db: {
      records: {
        get(key: string): Promise<{ data: unknown } | undefined>;
        toArray(): Promise<{ name: string; state: string; tab: string; pendingOps: string[] }[]>;
      };
      operations: { orderBy(index: string): { toArray(): Promise<Operation[]> } };
      photos: { toArray(): Promise<Photo[]> };
    };
  };
}
