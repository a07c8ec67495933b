// Cases brought to where a scenario begins, through the rpcs of those whose work that is. Needs no screen.
import { PNG } from './libraries.ts';
import { waitFor } from './scenario.ts';
import { newId, sha256, type Server } from './server.ts';
import type { RequestOf, ResponseOf, RpcName } from '@gridwarden/proto';

const CASEWORK = 'gridwarden.casework.v1.CaseworkService';
const VILLAGE = '411702001201';
const MINUTE_MS = 60_000;

/** The one thing that has to be met before a case of the category may be closed. */
const CLOSING: Record<string, { checklist: string; item: string; value: string }> = {
  WASTE_BURNING: { checklist: 'WASTE_BURNING', item: 'OUT', value: 'yes' },
  OPEN_AIR_BBQ: { checklist: 'OPEN_AIR_BBQ', item: 'OUTDOOR', value: 'no' },
};

export type CaseJson = ResponseOf<`${typeof CASEWORK}/GetCase`>;
export type SignalJson = ResponseOf<`${typeof CASEWORK}/GetSignal`>;

export class Casework {
  readonly server: Server;
  readonly category: string;
  /** What a demo server takes for now, a minute later with every step; null: the true time. */
  #demoMs: number | null;

  constructor(server: Server, category = 'WASTE_BURNING', demoTime: string | null = null) {
    this.server = server;
    this.category = category;
    this.#demoMs = demoTime === null ? null : Date.parse(demoTime);
  }

  get #time(): string {
    return new Date(this.#demoMs ?? Date.now()).toISOString();
  }

  async #call<R extends RpcName>(login: string, rpc: R, request: object): Promise<ResponseOf<R>> {
    if (this.#demoMs !== null) this.#demoMs += MINUTE_MS;
    const whole = { requestId: newId(), ...request } as unknown as RequestOf<R>;
    return this.server.call(login, rpc, whole, this.#demoMs === null ? null : this.#time);
  }

  /** A picture nobody has seen before: two fields of colour, with a label that makes it its own. */
  async photo(login: string, kind: string, hue = 0): Promise<{ media: string; kind: string }> {
    const png = new PNG({ width: 160, height: 120 });
    const own = Number.parseInt(newId().slice(-6), 16);
    for (let at = 0; at < png.data.length; at += 4) {
      const upper = at < png.data.length / 2;
      const colour = upper
        ? [150, 190, 230]
        : [
            [200, 90, 60],
            [90, 150, 80],
            [160, 140, 110],
          ][hue % 3]!;
      const pixel = at === 0 ? [own & 255, (own >> 8) & 255, (own >> 16) & 255] : colour;
      png.data.set([...pixel, 255], at);
    }
    const bytes = PNG.sync.write(png);
    const media = await this.server.call(login, 'gridwarden.media.v1.MediaService/UploadMedia', {
      content: bytes.toString('base64'),
      sha256: sha256(bytes),
      division: this.server.division(VILLAGE),
    });
    return { media: media.name ?? '', kind };
  }

  async #photos(login: string, kinds: string[], hue: number): Promise<{ media: string; kind: string }[]> {
    return Promise.all(kinds.map((kind) => this.photo(login, kind, hue)));
  }

  /** A find of somebody on the ground; answers its name. */
  async find(login: string, description = '路边焚烧垃圾'): Promise<string> {
    const signal = {
      channel: 'PATROL',
      category: this.category,
      division: this.server.division(VILLAGE),
      eventTime: this.#time,
      description,
      evidence: await this.#photos(login, ['NEAR', 'FAR'], 0),
    };
    return (await this.#call(login, `${CASEWORK}/SubmitSignal`, { signal })).name ?? '';
  }

  /** What somebody told on the telephone: it has to be seen before it becomes a case. */
  async lead(description: string, more: Record<string, unknown> = {}): Promise<string> {
    const signal = {
      channel: 'HOTLINE',
      category: this.category,
      division: this.server.division(VILLAGE),
      eventTime: this.#time,
      description,
      ...more,
    };
    return (await this.#call('G001', `${CASEWORK}/SubmitSignal`, { signal })).name ?? '';
  }

  async signal(name: string): Promise<SignalJson> {
    return this.server.call('G001', `${CASEWORK}/GetSignal`, { name });
  }

  async case(name: string): Promise<CaseJson> {
    return this.server.call('G009', `${CASEWORK}/GetCase`, { name });
  }

  async actions(name: string): Promise<string[]> {
    const { events = [] } = await this.server.call('G009', `${CASEWORK}/ListCaseEvents`, { name });
    return events.filter((one) => one.subject === name).map((one) => one.action ?? '');
  }

  /** A find filed as a case and given to somebody's post; answers the case. */
  async dispatched(handler: string, finder = 'G004'): Promise<string> {
    const signal = await this.find(finder);
    const name = (await this.#call('G001', `${CASEWORK}/FileCase`, { signal })).name ?? '';
    await this.#call('G001', `${CASEWORK}/DispatchCase`, { name, handler: this.server.post(handler) });
    return name;
  }

  async handled(handler: string): Promise<string> {
    const name = await this.dispatched(handler);
    await this.#call(handler, `${CASEWORK}/AcceptCase`, { name });
    return name;
  }

  async return(login: string, name: string): Promise<void> {
    await this.#call(login, `${CASEWORK}/ReturnCase`, { name, reason: 'NOT_OUR_DUTY' });
  }

  #answers(media: string): object[] {
    const closing = CLOSING[this.category];
    return closing ? [{ ...closing, media: [media] }] : [];
  }

  async feedback(handler: string, name: string): Promise<void> {
    const evidence = await this.#photos(handler, ['BEFORE', 'AFTER', 'NEAR', 'FAR'], 1);
    const answers = this.#answers(evidence[1]!.media);
    await this.#call(handler, `${CASEWORK}/SubmitFeedback`, { name, eventTime: this.#time, note: '已清理', evidence, answers });
  }

  /** Whoever was sent to check it. */
  async checker(name: string): Promise<string> {
    const post = await waitFor('somebody to be sent to check', async () => {
      const now = await this.case(name);
      return now.state === 'CHECKING' && now.checkPost;
    });
    const found = Object.entries(this.server.world.people).find(([, person]) => person.post === post);
    if (!found) throw new Error(`nobody holds ${post}`);
    return found[0];
  }

  async pass(name: string): Promise<void> {
    const checker = await this.checker(name);
    const evidence = await this.#photos(checker, ['NEAR', 'FAR'], 2);
    const answers = this.#answers(evidence[0]!.media);
    await this.#call(checker, `${CASEWORK}/SubmitCheck`, { name, result: 'PASS', eventTime: this.#time, evidence, answers });
  }

  /** Checked and passed: it wants only the signature. */
  async passed(handler: string): Promise<string> {
    const name = await this.handled(handler);
    await this.feedback(handler, name);
    await this.pass(name);
    return name;
  }

  /** Signed, and looked after for a while. */
  async monitored(handler: string): Promise<string> {
    const name = await this.passed(handler);
    await this.#call('G002', `${CASEWORK}/SignOff`, { name, sign: true });
    await waitFor('the closure to be monitored', async () => (await this.case(name)).state === 'MONITORING');
    return name;
  }
}
