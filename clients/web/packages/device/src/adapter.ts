// What an application needs of the device it runs on. The web implementation is one; a government super-app's container or an
// Android shell can bring another without touching the applications. Nothing here ever throws because something is denied or
// missing: the answer says so, and work goes on without it.

/** A position as the device claims it; always WGS-84. */
export interface Fix {
  longitude: number;
  latitude: number;
  /** Radius in metres that holds the true point with 68 %. */
  accuracyM: number;
  /** Time of the fix by the receiver, ms since 1970 UTC. */
  timeMs: number;
}

export type LocationState =
  | { kind: 'searching' }
  | { kind: 'fix'; fix: Fix }
  /** Permission denied, no receiver, insecure origin, or nothing within the time allowed. Work goes on without a position. */
  | { kind: 'unavailable'; reason: 'denied' | 'unsupported' | 'timeout' | 'insecure' };

export interface LocationWatch {
  /** The best fix so far; calls `listener` at once and on every change. */
  subscribe(listener: (state: LocationState) => void): void;
  /** The best fix within `softLimitMs`, or what there is then. */
  best(softLimitMs: number): Promise<LocationState>;
  stop(): void;
}

/** A picture as it was taken: these bytes are hashed, stored and sent, and never changed again. */
export interface TakenPhoto {
  blob: Blob;
  contentType: 'image/jpeg';
  width: number;
  height: number;
  /** 'camera' in-app; 'file' from the system's camera or gallery: shown as such. */
  origin: 'camera' | 'file';
  takenAtMs: number;
}

export interface WatermarkLines {
  /** At most 4 short lines drawn into the lower left corner: place, time, person, task. */
  lines: string[];
}

export type CameraOpening = { ok: true; camera: OpenCamera } | { ok: false; reason: 'denied' | 'unsupported' | 'busy' | 'insecure' };

export interface OpenCamera {
  /** Show it in a <video>. */
  stream: MediaStream;
  /** Takes the picture: long side at most 1600 px, JPEG 0.8, watermark drawn in. */
  shoot(watermark: WatermarkLines): Promise<TakenPhoto>;
  /** Many have none. */
  readonly hasTorch: boolean;
  /** False when the camera would not. */
  setTorch(on: boolean): Promise<boolean>;
  close(): void;
}

export interface StorageState {
  /** The browser promised not to evict what is stored. */
  persisted: boolean;
  usageBytes: number | null;
  quotaBytes: number | null;
}

export interface DeviceAdapter {
  /** "Chrome 140, Android 14" */
  label(): string;
  watchLocation(): LocationWatch;
  openCamera(): Promise<CameraOpening>;
  /** Re-encodes a picture of a file input like a taken one (long side 1600 px, JPEG 0.8, watermark); null when it is no picture. */
  photoFromFile(file: Blob, watermark: WatermarkLines): Promise<TakenPhoto | null>;
  storageState(): Promise<StorageState>;
  /** Asks the browser not to evict; true when granted. */
  persistStorage(): Promise<boolean>;
  /** navigator.onLine as a hint only. */
  online(): boolean;
  /** Whether the way out is unmetered (Wi-Fi, cable); null where the browser does not tell. */
  onWifi(): boolean | null;
  onOnlineChange(listener: (online: boolean) => void): () => void;
  /** True once the page is in front again. */
  onForeground(listener: () => void): () => void;
  /** The phone's clock, and a clock that does not step (but may stop in sleep) with the id of this run of it. */
  wallMs(): number;
  monoMs(): number;
  bootId(): string;
  /** Hands a file to the person: share sheet or download. */
  handOut(file: File): Promise<void>;
  /** Everything the application cannot do without on this origin; plain http lacks most of it. */
  missing(): ('serviceWorker' | 'subtleCrypto' | 'camera' | 'location' | 'locks' | 'storage' | 'indexedDB')[];
  vibrate(ms: number): void;
}
