// The key of this phone for this account: ECDSA P-256, made in the browser, never to leave it.
import { RpcError } from '@gridwarden/proto';
import { base64, utf8, uuidV7, type Bytes } from './bytes';
import type { Context } from './context';
import { withLock } from './locks';
import type { DeviceRow, Store } from './store';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const;
/** WebCrypto hashes by itself: what is handed over is the text that is hashed. */
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

export function deviceNameOf(row: DeviceRow): string {
  return `devices/${row.deviceId}`;
}

/** The key at hand, or a new one. */
export async function deviceKey(store: Store, wallMs: number, replaces: string): Promise<DeviceRow> {
  const held = await store.keys.get('device');
  if (held !== undefined) return held;
  const made = await newKey(wallMs, replaces);
  // Two tabs may make one at once: the first that is stored counts.
  return store.transaction('rw', store.keys, async () => {
    const other = await store.keys.get('device');
    if (other !== undefined) return other;
    await store.keys.add(made);
    return made;
  });
}

async function newKey(wallMs: number, replaces: string): Promise<DeviceRow> {
  const pair = await crypto.subtle.generateKey(ECDSA, false, ['sign', 'verify']);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { id: 'device', deviceId: uuidV7(wallMs), privateKey: pair.privateKey, publicKey, registered: false, revoked: false, replaces };
}

/** r and s, 32 bytes each, over SHA-256 of the preimage. */
export async function signText(key: CryptoKey, preimage: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(SIGNING, key, utf8(preimage)));
}

/** That this phone holds its key, for one account. */
export function registrationProof(row: DeviceRow, account: { name: string }): Promise<Bytes> {
  return signText(row.privateKey, `gridwarden/device/v1\n${row.deviceId}\n${account.name}`);
}

/** Makes the server know this phone. Safe to repeat; fails with RpcError. */
export async function registerDevice(context: Context, again = false): Promise<DeviceRow> {
  return withLock(`gridwarden-register:${context.account.name}`, async () => {
    const row = await deviceKey(context.store, context.device.wallMs(), '');
    if (row.registered && !again) return row;
    try {
      return await register(context, row);
    } catch (error) {
      if (!(error instanceof RpcError) || error.reason !== 'DEVICE_ID_TAKEN') throw error;
      // A restored copy of another phone: this one needs a name of its own. What was made under the old one stays exportable.
      const other = { ...(await newKey(context.device.wallMs(), '')), id: 'device' as const };
      await context.store.keys.put(other);
      return register(context, other);
    }
  });
}

async function register(context: Context, row: DeviceRow): Promise<DeviceRow> {
  const signature = await registrationProof(row, context.account);
  const device = await context.session.call('gridwarden.sync.v1.DeviceService/RegisterDevice', {
    requestId: uuidV7(context.device.wallMs()),
    deviceId: row.deviceId,
    publicKey: base64(row.publicKey),
    label: context.device.label(),
    signature: base64(signature),
    replaces: row.replaces,
  });
  const now: DeviceRow = { ...row, registered: true, revoked: device.revokeTime !== undefined };
  await context.store.keys.put(now);
  return now;
}

/** A phone the server has taken out of use gets a new name, when its person signs in on it again. */
export async function replaceDevice(context: Context): Promise<void> {
  await withLock(`gridwarden-register:${context.account.name}`, async () => {
    const row = await context.store.keys.get('device');
    if (row === undefined || !row.revoked) return;
    await context.store.keys.put(await newKey(context.device.wallMs(), deviceNameOf(row)));
  });
}
