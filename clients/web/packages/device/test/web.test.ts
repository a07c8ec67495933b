// @vitest-environment node
import { afterEach, expect, test, vi } from 'vitest';
import { fitted } from '../src/picture';
import { labelOf, webDevice } from '../src/web';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a picture keeps its shape, its long side at most 1600, and never grows', () => {
  expect(fitted(4000, 3000)).toEqual({ width: 1600, height: 1200 });
  expect(fitted(3000, 4000)).toEqual({ width: 1200, height: 1600 });
  expect(fitted(640, 480)).toEqual({ width: 640, height: 480 });
  expect(fitted(10_000, 2)).toEqual({ width: 1600, height: 1 });
});

test.each([
  [
    'Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    'Chrome 140, Android 14',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1',
    'Safari 17, iOS 17.4',
  ],
  ['Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/114.0 Mobile Safari/537.36 MicroMessenger/8.0.49', 'WeChat 8, Android 12'],
  ['something else', 'Browser'],
])('%s is called %s', (agent, label) => expect(labelOf(agent)).toBe(label));

test('plain http lacks nearly everything, and the device says so instead of throwing', async () => {
  vi.stubGlobal('isSecureContext', false);
  vi.stubGlobal('navigator', { userAgent: 'x', onLine: true });
  const device = webDevice();
  expect(device.missing()).toEqual(expect.arrayContaining(['serviceWorker', 'camera', 'location', 'locks', 'storage']));
  expect(await device.openCamera()).toEqual({ ok: false, reason: 'insecure' });
  expect(await device.watchLocation().best(1)).toEqual({ kind: 'unavailable', reason: 'insecure' });
  expect(await device.storageState()).toEqual({ persisted: false, usageBytes: null, quotaBytes: null });
  expect(await device.persistStorage()).toBe(false);
  expect(device.onWifi()).toBeNull();
  expect(() => device.vibrate(10)).not.toThrow();
});

test.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'unsupported'],
  ['NotReadableError', 'busy'],
])('a camera that fails with %s is %s', async (name, reason) => {
  vi.stubGlobal('isSecureContext', true);
  const getUserMedia = (): Promise<never> => Promise.reject(new DOMException('no', name));
  vi.stubGlobal('navigator', { userAgent: 'x', onLine: true, mediaDevices: { getUserMedia } });
  expect(await webDevice().openCamera()).toEqual({ ok: false, reason });
});

test('a file that is no picture is null', async () => {
  vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('no picture')));
  vi.stubGlobal(
    'Image',
    class {
      src = '';
      decode = (): Promise<never> => Promise.reject(new Error('no picture'));
    },
  );
  expect(await webDevice().photoFromFile(new Blob(['text']), { lines: [] })).toBeNull();
});

test('listens to the network and to coming to the front, and stops', () => {
  const scope = new EventTarget();
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('window', scope);
  vi.stubGlobal('document', page);
  const device = webDevice();
  const heard: string[] = [];
  const stops = [
    device.onOnlineChange((online) => heard.push(online ? 'online' : 'offline')),
    device.onForeground(() => heard.push('front')),
  ];
  scope.dispatchEvent(new Event('offline'));
  scope.dispatchEvent(new Event('online'));
  page.dispatchEvent(new Event('visibilitychange'));
  for (const stop of stops) stop();
  scope.dispatchEvent(new Event('online'));
  expect(heard).toEqual(['offline', 'online', 'front']);
});

test('names each run of its clock anew', () => {
  expect(webDevice().bootId()).not.toBe(webDevice().bootId());
  expect(webDevice().bootId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
});
