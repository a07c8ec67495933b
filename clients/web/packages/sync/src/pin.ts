// The PIN of this phone. It seals the refresh token: PBKDF2 makes a key of it that nothing but AES-GCM can use. Whether a PIN is right
// shows in whether it opens a known word; ten wrong ones in a row forget the sign-in, never the work.
import { utf8, type Bytes } from './bytes';

export const PIN_TRIES = 10;
export const PIN_ITERATIONS = 600_000;
const KNOWN_WORD = 'gridwarden-pin/1';

export interface Sealed {
  iv: Bytes;
  data: Bytes;
}

export interface PinRow {
  salt: Bytes;
  iterations: number;
  check: Sealed;
  wrong: number;
}

export async function keyOfPin(pin: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', utf8(pin.normalize('NFKC')), 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, secret, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
}

export async function seal(key: CryptoKey, text: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, utf8(text))) };
}

/** Null when the key is another one. */
export async function unseal(key: CryptoKey, sealed: Sealed): Promise<string | null> {
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data));
  } catch {
    return null;
  }
}

export async function newPin(pin: string, iterations = PIN_ITERATIONS): Promise<{ row: PinRow; key: CryptoKey }> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const key = await keyOfPin(pin, salt, iterations);
  return { row: { salt, iterations, check: await seal(key, KNOWN_WORD), wrong: 0 }, key };
}

export async function openPin(row: PinRow, pin: string): Promise<CryptoKey | null> {
  const key = await keyOfPin(pin, row.salt, row.iterations);
  return (await unseal(key, row.check)) === KNOWN_WORD ? key : null;
}
