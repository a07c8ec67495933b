// Phones for tests: each has its own databases, as each phone has its own browser.
import Dexie from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { deviceDouble, type DeviceDouble } from '@gridwarden/device/double';
import { afterEach, vi } from 'vitest';
import { openPhoneBook } from '../src/book';
import type { NewOperation, Phone, PhoneBook } from '../src/contract';
import type { AccountPhone } from '../src/phone';
import type { ModelServer } from './model_server';

// Every store is real; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

const openPhones: AccountPhone[] = [];

// Tabs of one test must not talk to those of the next.
afterEach(() => {
  for (const phone of openPhones.splice(0)) phone.close();
});

export const PASSWORD = 'correct horse battery';

/** A fresh browser: no databases. Dexie keeps the factory it was loaded with, so it is set there too. */
export function freshBrowser(): void {
  globalThis.indexedDB = new IDBFactory();
  globalThis.IDBKeyRange = IDBKeyRange;
  Dexie.dependencies.indexedDB = globalThis.indexedDB;
  Dexie.dependencies.IDBKeyRange = IDBKeyRange;
}

export interface Browser {
  device: DeviceDouble;
  book: PhoneBook;
}

export function browserTab(server: ModelServer, device: DeviceDouble = deviceDouble(), recordsMax = 5_000): Browser {
  const book = openPhoneBook({
    device,
    origin: 'https://gridwarden.test',
    fetch: server.fetch,
    appBuild: 'test',
    alone: false,
    pinIterations: 1_000,
    recordsMax,
  });
  return { device, book };
}

export async function signedIn(server: ModelServer, device?: DeviceDouble): Promise<{ tab: Browser; phone: AccountPhone }> {
  const tab = browserTab(server, device);
  const phone = (await tab.book.signIn('wang', PASSWORD)) as AccountPhone;
  openPhones.push(phone);
  await phone.syncNow('manual');
  return { tab, phone };
}

export async function reopened(tab: Browser, server: ModelServer): Promise<AccountPhone> {
  const again = browserTab(server, tab.device);
  const opened = await again.book.open('accounts/uuid-a');
  if (!opened.ok) throw new Error(`not opened: ${opened.reason}`);
  openPhones.push(opened.phone as AccountPhone);
  return opened.phone as AccountPhone;
}

export function visit(task: string, more: Partial<NewOperation> = {}): NewOperation {
  return {
    rpc: 'gridwarden.patrol.v1.PatrolService/SubmitVisit',
    request: { parent: task, visit: { result: 'NORMAL' } },
    subject: task,
    subjectKind: 'PATROL_TASK',
    baseEtag: 'e1',
    photos: [],
    summary: { key: 'op.visit.normal', params: {} },
    localChange: { tab: 'done', state: 'DONE' },
    ...more,
  };
}

export function start(task: string): NewOperation {
  return visit(task, {
    rpc: 'gridwarden.patrol.v1.PatrolService/StartPatrolTask',
    request: { name: task },
    localChange: { tab: 'doing', state: 'STARTED' },
  });
}

export function accept(name: string): NewOperation {
  return visit(name, {
    rpc: 'gridwarden.casework.v1.CaseworkService/AcceptCase',
    request: { name },
    subjectKind: 'CASE',
    localChange: { tab: 'doing', state: 'HANDLING' },
  });
}

export function feedback(name: string, photos: string[] = []): NewOperation {
  return visit(name, {
    rpc: 'gridwarden.casework.v1.CaseworkService/SubmitFeedback',
    request: { name },
    subjectKind: 'CASE',
    photos,
    localChange: { tab: 'done', state: 'FEEDBACK' },
  });
}

export function report(name: string, description = '冒黑烟'): NewOperation {
  const signal = { channel: 'PATROL', category: 'SSP', description };
  return visit(name, {
    rpc: 'gridwarden.casework.v1.CaseworkService/SubmitSignal',
    request: { signal, signalId: name.slice('signals/'.length) },
    subjectKind: 'SIGNAL',
    baseEtag: '',
    localChange: { tab: 'done', state: 'NEW', data: signal },
  });
}

export function picture(bytes: number, seed: number) {
  const content = new Uint8Array(bytes);
  let x = seed * 2654435761 + 1;
  for (let i = 0; i < bytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    content[i] = x >>> 24;
  }
  return {
    blob: new Blob([content]),
    contentType: 'image/jpeg' as const,
    width: 1600,
    height: 1200,
    origin: 'camera' as const,
    takenAtMs: 1,
  };
}

export async function addedPhoto(phone: Phone, bytes: number, seed: number): Promise<string> {
  const added = await phone.addPhoto(picture(bytes, seed));
  if (!added.ok) throw new Error(added.reason);
  return added.photo.sha256;
}
