// Scenarios and how they are run: each with its own phones, several side by side, a line for each.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Phone, type PhoneOptions } from './phone.ts';
import type { Server } from './server.ts';

export class Stage {
  readonly phones: Phone[] = [];
  readonly server: Server;
  constructor(server: Server) {
    this.server = server;
  }

  async phone(options: PhoneOptions = {}): Promise<Phone> {
    const phone = await Phone.open(this.server, options);
    this.phones.push(phone);
    return phone;
  }
}

export interface Scenario {
  name: string;
  /** Answers what is worth saying beside the verdict. */
  body: (stage: Stage) => Promise<string | void>;
}

const all: Scenario[] = [];

export function scenario(name: string, body: Scenario['body']): void {
  all.push({ name, body });
}

export class NotAsWanted extends Error {}

export function check(condition: unknown, says: string): asserts condition {
  if (!condition) throw new NotAsWanted(says);
}

export function same<T>(got: T, want: T, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new NotAsWanted(`${what}: got ${a}, want ${b}`);
}

/** Polls with a deadline; answers what the condition answered. */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new NotAsWanted(`waited ${seconds} s in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs those whose names hold one of `words` (all without words), `beside` at a time; answers whether all went well. */
export async function runScenarios(server: Server, words: string[], beside: number): Promise<boolean> {
  const chosen = all.filter((one) => words.length === 0 || words.some((word) => one.name.includes(word)));
  if (chosen.length === 0) {
    console.error(`no such scenario: ${words.join(' ')}; there are:\n  ${all.map((one) => one.name).join('\n  ')}`);
    return false;
  }
  const waiting = [...chosen];
  let failed = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) if (!(await run(server, next))) failed += 1;
  };
  await Promise.all(Array.from({ length: Math.min(beside, chosen.length) }, work));
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

async function run(server: Server, one: Scenario): Promise<boolean> {
  const stage = new Stage(server);
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  try {
    const remark = await withLimit(one.body(stage), 240_000);
    for (const phone of stage.phones) if (phone.wrongs.length > 0) throw new NotAsWanted(phone.wrongs.join('\n'));
    console.log(`ok      ${one.name} (${seconds()} s)${remark ? `: ${remark}` : ''}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${one.name} (${seconds()} s)\n${(error as Error).stack ?? error}`);
    await keepTraces(server, one, stage);
    return false;
  } finally {
    await Promise.all(stage.phones.map((phone) => phone.close()));
  }
}

function withLimit<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NotAsWanted(`not done within ${ms / 1000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** What the screens showed and what went over the line, for whoever looks into it. */
async function keepTraces(server: Server, one: Scenario, stage: Stage): Promise<void> {
  const folder = join(server.world.failures, one.name.replaceAll(/[^a-z0-9]+/gi, '_').slice(0, 80));
  mkdirSync(folder, { recursive: true });
  for (const [number, phone] of stage.phones.entries()) {
    writeFileSync(join(folder, `phone${number}.requests.txt`), phone.network.passed.map((line) => JSON.stringify(line)).join('\n'));
    writeFileSync(join(folder, `phone${number}.wrongs.txt`), phone.wrongs.join('\n'));
    try {
      for (const [tab, page] of phone.context.pages().entries()) {
        await page.screenshot({ path: join(folder, `phone${number}.tab${tab}.png`), timeout: 5000 });
        writeFileSync(join(folder, `phone${number}.tab${tab}.html`), await page.content());
      }
    } catch {
      // The browser was gone: the other traces say why.
    }
  }
  console.log(`        what was seen: ${folder}`);
}
