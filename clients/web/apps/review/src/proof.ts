// What the browser can prove by itself, with nothing but bytes: digests of photos, digests and signatures of what a phone signed, and
// whether one record follows another. The server is not asked whether it tells the truth.

const SIGNED = 'gridwarden/op/v1\n';

export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  // The JSON of protobuf allows the URL alphabet as well.
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

export async function sha256Hex(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((b) => b.toString(16).padStart(2, '0')).join('');
}

export interface SignedBytes {
  /** The JSON text as it was signed. */
  body: string;
  /** Base64: r and s, 32 bytes each. */
  signature: string;
  /** Base64: the uncompressed point, 65 bytes; empty when it could not be had. */
  publicKey: string;
  /** As the server registered it. */
  hash: string;
}

export interface Proof {
  /** null: cannot be judged. */
  hashMatches: boolean | null;
  computedHash: string;
  signatureValid: boolean | null;
}

/** Computes the digest of the signed bytes and checks the signature by the device's key. */
export async function proveOperation(signed: SignedBytes): Promise<Proof> {
  if (!signed.body) return { hashMatches: null, computedHash: '', signatureValid: null };
  const encoder = new TextEncoder();
  const computedHash = await sha256Hex(encoder.encode(signed.body));
  const hashMatches = computedHash === signed.hash.toLowerCase();
  if (!signed.publicKey) return { hashMatches, computedHash, signatureValid: null };
  try {
    const key = await crypto.subtle.importKey('raw', bytesOfBase64(signed.publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'verify',
    ]);
    const signatureValid = await crypto.subtle.verify(
      { name: 'ECDSA', hash: 'SHA-256' },
      key,
      bytesOfBase64(signed.signature),
      encoder.encode(SIGNED + signed.body),
    );
    return { hashMatches, computedHash, signatureValid };
  } catch {
    // A key or signature that is none proves nothing.
    return { hashMatches, computedHash, signatureValid: false };
  }
}

export type Chain = 'first' | 'follows' | 'broken' | 'unknown';

/** Whether a record names the one before it. `before` is the digest of the device's record numbered one less, if it was read. */
export function chainOf(body: string, before: string | null): Chain {
  try {
    const { seq, prevHash } = JSON.parse(body) as { seq?: string | number; prevHash?: string };
    if (Number(seq) === 1) return prevHash ? 'broken' : 'first';
    if (before === null) return 'unknown';
    return prevHash?.toLowerCase() === before.toLowerCase() ? 'follows' : 'broken';
  } catch {
    return 'unknown';
  }
}

export interface PhotoProof {
  state: 'same' | 'other' | 'copy' | 'unreadable';
  got: string;
}

/** Compares bytes with the name they are registered under. Another digest from a copy without camera data proves nothing. */
export async function provePhoto(bytes: ArrayBuffer, name: string, original: boolean): Promise<PhotoProof> {
  const got = await sha256Hex(bytes);
  if (got === name.toLowerCase()) return { state: 'same', got };
  return { state: original ? 'other' : 'copy', got };
}
