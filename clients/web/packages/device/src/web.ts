// The device as a browser shows it. Features are looked for, never versions: containers and shells number theirs as they like.
import type { DeviceAdapter, StorageState } from './adapter';
import { openCamera } from './camera';
import { watchLocation } from './location';
import { picture } from './picture';

interface NetworkInformation {
  type?: string;
  effectiveType?: string;
}

/** Works in a page; in a service worker everything that needs a window says that it is missing. */
export function webDevice(): DeviceAdapter {
  const secure = globalThis.isSecureContext === true;
  const page = typeof document !== 'undefined';
  const scope: EventTarget = page ? window : globalThis;
  // performance counts from the start of this page or worker and does not step: the run of the clock is named anew each time.
  const run = runId();
  return {
    label: () => labelOf(navigator.userAgent),
    watchLocation: () => watchLocation(navigator.geolocation as Geolocation | undefined, secure),
    openCamera: () => openCamera(navigator.mediaDevices as MediaDevices | undefined, secure, () => Date.now()),
    async photoFromFile(file, watermark) {
      const takenAtMs = Date.now();
      try {
        const image = await decoded(file);
        const taken = await picture(image.source, image, watermark, 'file', takenAtMs);
        image.close();
        return taken;
      } catch {
        return null;
      }
    },
    storageState,
    async persistStorage() {
      try {
        return (await navigator.storage?.persist?.()) === true;
      } catch {
        return false;
      }
    },
    online: () => navigator.onLine !== false,
    onWifi() {
      const connection = (navigator as { connection?: NetworkInformation }).connection;
      if (connection?.type === undefined || connection.type === 'unknown') return null;
      return connection.type === 'wifi' || connection.type === 'ethernet';
    },
    onOnlineChange(listener) {
      const on = (): void => listener(true);
      const off = (): void => listener(false);
      scope.addEventListener('online', on);
      scope.addEventListener('offline', off);
      return () => {
        scope.removeEventListener('online', on);
        scope.removeEventListener('offline', off);
      };
    },
    onForeground(listener) {
      if (!page) return () => undefined;
      const look = (): void => {
        if (document.visibilityState === 'visible') listener();
      };
      document.addEventListener('visibilitychange', look);
      scope.addEventListener('pageshow', look);
      return () => {
        document.removeEventListener('visibilitychange', look);
        scope.removeEventListener('pageshow', look);
      };
    },
    wallMs: () => Date.now(),
    monoMs: () => Math.round(performance.now()),
    bootId: () => run,
    handOut,
    missing() {
      const missing: ReturnType<DeviceAdapter['missing']> = [];
      if (!('serviceWorker' in navigator)) missing.push('serviceWorker');
      if (globalThis.crypto?.subtle === undefined) missing.push('subtleCrypto');
      if ((navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia === undefined) missing.push('camera');
      if (!secure || !('geolocation' in navigator)) missing.push('location');
      if ((navigator as { locks?: unknown }).locks === undefined) missing.push('locks');
      if ((navigator as { storage?: unknown }).storage === undefined) missing.push('storage');
      if ((globalThis as { indexedDB?: unknown }).indexedDB === undefined) missing.push('indexedDB');
      return missing;
    },
    vibrate(ms) {
      try {
        (navigator as { vibrate?: (ms: number) => boolean }).vibrate?.(ms);
      } catch {
        // Not every phone can.
      }
    },
  };
}

/** A random UUID also where crypto.randomUUID is missing (plain http). */
function runId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (each) => each.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

async function storageState(): Promise<StorageState> {
  try {
    const [persisted, estimate] = await Promise.all([navigator.storage?.persisted?.(), navigator.storage?.estimate?.()]);
    return { persisted: persisted === true, usageBytes: estimate?.usage ?? null, quotaBytes: estimate?.quota ?? null };
  } catch {
    return { persisted: false, usageBytes: null, quotaBytes: null };
  }
}

interface Decoded {
  source: CanvasImageSource;
  width: number;
  height: number;
  close(): void;
}

/** The pixels the right way up: browsers turn them by EXIF, which the JPEG made from them then has not. */
async function decoded(file: Blob): Promise<Decoded> {
  if (typeof createImageBitmap === 'function') {
    try {
      const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
      return { source: bitmap, width: bitmap.width, height: bitmap.height, close: () => bitmap.close() };
    } catch {
      // Old browsers refuse the option, or formats they show well in an <img>.
    }
  }
  const url = URL.createObjectURL(file);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
  return { source: image, width: image.naturalWidth, height: image.naturalHeight, close: () => URL.revokeObjectURL(url) };
}

async function handOut(file: File): Promise<void> {
  try {
    if (navigator.canShare?.({ files: [file] }) === true) {
      await navigator.share({ files: [file], title: file.name });
      return;
    }
  } catch (error) {
    // Closed by the person: nothing more to do. Anything else: the browser saves the file.
    if (error instanceof Error && error.name === 'AbortError') return;
  }
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** "Chrome 140, Android 14", as well as the browser tells; at most 100 characters. */
export function labelOf(agent: string): string {
  const find = (pattern: RegExp, name: string): string | null => {
    const found = pattern.exec(agent);
    return found === null ? null : `${name} ${found[1]!.replaceAll('_', '.')}`;
  };
  const browser =
    find(/ArkWeb\/(\d+)/, 'ArkWeb') ??
    find(/MicroMessenger\/(\d+)/, 'WeChat') ??
    find(/DingTalk\/(\d+)/, 'DingTalk') ??
    find(/HuaweiBrowser\/(\d+)/, 'Huawei') ??
    find(/Edg[A]?\/(\d+)/, 'Edge') ??
    find(/(?:Chrome|CriOS)\/(\d+)/, 'Chrome') ??
    find(/(?:Firefox|FxiOS)\/(\d+)/, 'Firefox') ??
    find(/Version\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari/, 'Safari') ??
    'Browser';
  const system =
    find(/OpenHarmony (\d+)/, 'HarmonyOS') ??
    find(/Android (\d+)/, 'Android') ??
    find(/(?:iPhone )?OS (\d+_\d+)/, 'iOS') ??
    find(/Windows NT (\d+)/, 'Windows') ??
    (/Mac OS X/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : '');
  return (system === '' ? browser : `${browser}, ${system}`).slice(0, 100);
}
