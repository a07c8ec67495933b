import { describe, expect, it } from 'vitest';
import { bytesOfBase64, chainOf, proveOperation, provePhoto, sha256Hex } from '../src/proof';

const base64 = (bytes: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

async function signedByAPhone(body: string) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    pair.privateKey,
    new TextEncoder().encode(`gridwarden/op/v1\n${body}`),
  );
  return {
    body,
    signature: base64(signature),
    publicKey: base64(await crypto.subtle.exportKey('raw', pair.publicKey)),
    hash: await sha256Hex(new TextEncoder().encode(body)),
  };
}

describe('a record of a phone', () => {
  const body = '{"opId":"1","seq":"7","note":"已查看，正常"}';

  it('is proven by the device’s key alone', async () => {
    expect(await proveOperation(await signedByAPhone(body))).toMatchObject({ hashMatches: true, signatureValid: true });
  });

  it('is refused after one changed character, whatever digest is registered', async () => {
    const signed = await signedByAPhone(body);
    const changed = body.replace('正常', '异常');
    const forged = { ...signed, body: changed, hash: await sha256Hex(new TextEncoder().encode(changed)) };
    expect(await proveOperation(forged)).toMatchObject({ hashMatches: true, signatureValid: false });
    expect((await proveOperation({ ...signed, body: changed })).hashMatches).toBe(false);
  });

  it('is refused by another device’s key, and by what is no key', async () => {
    const signed = await signedByAPhone(body);
    const other = await signedByAPhone(body);
    expect((await proveOperation({ ...signed, publicKey: other.publicKey })).signatureValid).toBe(false);
    expect((await proveOperation({ ...signed, publicKey: btoa('none') })).signatureValid).toBe(false);
  });

  it('is not judged without its bytes or its key', async () => {
    const signed = await signedByAPhone(body);
    expect(await proveOperation({ ...signed, body: '' })).toMatchObject({ hashMatches: null, signatureValid: null });
    expect(await proveOperation({ ...signed, publicKey: '' })).toMatchObject({ hashMatches: true, signatureValid: null });
  });

  it('follows the one before by its digest', () => {
    expect(chainOf('{"seq":"1"}', null)).toBe('first');
    expect(chainOf('{"seq":"1","prevHash":"aa"}', null)).toBe('broken');
    expect(chainOf('{"seq":"8","prevHash":"AA"}', 'aa')).toBe('follows');
    expect(chainOf('{"seq":"8","prevHash":"bb"}', 'aa')).toBe('broken');
    expect(chainOf('{"seq":"8","prevHash":"bb"}', null)).toBe('unknown');
    expect(chainOf('not json', 'aa')).toBe('unknown');
  });
});

describe('a photo', () => {
  const bytes = new TextEncoder().encode('jpeg').buffer as ArrayBuffer;

  it('is the same when the digest computed here is its name', async () => {
    expect((await provePhoto(bytes, (await sha256Hex(bytes)).toUpperCase(), false)).state).toBe('same');
  });

  it('that differs is another one only if it claims to be the original', async () => {
    expect((await provePhoto(bytes, '00', true)).state).toBe('other');
    expect((await provePhoto(bytes, '00', false)).state).toBe('copy');
  });
});

it('base64 may come in the alphabet of addresses', () => {
  expect([...bytesOfBase64('-_8')]).toEqual([0xfb, 0xff]);
});
