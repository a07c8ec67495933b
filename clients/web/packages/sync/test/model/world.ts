// What the server of the tests holds: the ground with its work, phones and what they sent. Tests read and change it as they like.
import { hex, sha256, utf8 } from '../../src/bytes';

export interface Doing {
  rpc: string;
  request: Record<string, unknown>;
  subject: string;
}

export interface ModelRecord {
  kind: string;
  name: string;
  revision: number;
  index: number;
  json: Record<string, unknown>;
  open: boolean;
  assigned: boolean;
  gone?: string;
}

export interface ModelDevice {
  id: string;
  account: string;
  publicKey: string;
  replaces: string;
  revoked: boolean;
  seqs: Map<number, { opId: string; hash: string; prev: string }>;
}

export interface ModelUpload {
  id: string;
  sha256: string;
  size: number;
  bytes: Uint8Array;
  complete: boolean;
  account: string;
}

export class ModelWorld {
  nowMs = Date.UTC(2026, 10, 22, 8, 0, 0);
  epoch = 1;
  scope = 1;
  /** Areas that cannot be reached: operations of that rpc wait. */
  unreachable = new Set<string>();
  /** How often a phone was sent back to the beginning. */
  resets = 0;
  readonly records = new Map<string, ModelRecord>();
  readonly devices = new Map<string, ModelDevice>();
  readonly operations = new Map<string, { body: string; result: Record<string, unknown>; account: string }>();
  readonly observations: { opId: string; subject: string; reason: string }[] = [];
  /** Every effect an operation had, so that a doubled one shows. */
  readonly effects: Doing[] = [];
  readonly photos = new Map<string, Uint8Array>();
  readonly verifiedMs = new Map<string, number>();
  readonly uploads = new Map<string, ModelUpload>();
  readonly named = new Map<string, Set<string>>();
  readonly notices: { name: string; createTime: string; readTime?: string; kind: string }[] = [];
  readonly sealed = new Set<string>();
  pageMax = 500;
  /** False: photos that are all there are not looked at yet. */
  verifies = true;
  /** Digests of pieces that arrive spoiled, how often. */
  spoil = new Map<string, number>();
  mapEtag = 'map-1';
  answers = new Map<string, (request: Record<string, unknown>) => unknown>();
  pieces: { sha256: string; offset: number; length: number }[] = [];
  private index = 0;
  private ids = 0;

  put(record: Omit<ModelRecord, 'revision' | 'index'>): ModelRecord {
    const key = `${record.kind}:${record.name}`;
    const held = this.records.get(key);
    const now: ModelRecord = { ...record, revision: (held?.revision ?? 0) + 1, index: ++this.index };
    delete now.gone;
    now.json = { name: record.name, ...record.json, etag: `e${now.revision}` };
    this.records.set(key, now);
    return now;
  }

  remove(key: string, reason: string): void {
    const held = this.records.get(key)!;
    this.records.set(key, { ...held, gone: reason, index: ++this.index });
  }

  addTask(n: number, more: Record<string, unknown> = {}): string {
    const name = `patrolTasks/t${n}`;
    this.put({
      kind: 'PATROL_TASK',
      name,
      open: true,
      assigned: true,
      json: { state: 'ISSUED', title: `task ${n}`, post: 'posts/1', dueTime: new Date(this.nowMs + n * 3600_000).toISOString(), ...more },
    });
    return name;
  }

  addCase(n: number, state: string, more: Record<string, unknown> = {}, assigned = true): string {
    const name = `cases/c${n}`;
    this.put({ kind: 'CASE', name, open: state !== 'CLOSED', assigned, json: { state, caseNo: `411702-2026-${n}`, ...more } });
    return name;
  }

  nextId(): number {
    return ++this.ids;
  }

  /** The server's clock never stands still between two acts. */
  tick(): number {
    return ++this.nowMs;
  }

  get lastIndex(): number {
    return this.index;
  }

  async digest(): Promise<{ count: number; hash: string }> {
    let sum = 0n;
    let count = 0;
    for (const each of this.records.values()) {
      if (!each.open || each.gone !== undefined) continue;
      const term = hex((await sha256(utf8(`${each.kind}:${each.name}:${each.revision}`))).subarray(0, 8));
      sum += BigInt(`0x${term}`);
      count += 1;
    }
    return { count, hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
  }
}
