// Photos by tus 1.0: pieces with their digests, and green only what the server has hashed itself.
import { hex, sha256 } from '../../src/bytes';
import { error } from './answers';
import type { ModelUpload, ModelWorld } from './world';

export async function files(
  world: ModelWorld,
  method: string,
  path: string,
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
  account: string,
): Promise<Response> {
  if (headers.get('Tus-Resumable') !== '1.0.0') return error(412, 'failed_precondition', 'MALFORMED_REQUEST');
  const standing = (upload: ModelUpload, status: number): Response =>
    new Response(null, {
      status,
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': String(upload.bytes.length),
        'Upload-Length': String(upload.size),
        'Upload-Complete': upload.complete ? '?1' : '?0',
        Location: `/files/${upload.id}`,
      },
    });
  if (method === 'POST' && path === '/files') {
    const metadata = new Map(
      (headers.get('Upload-Metadata') ?? '').split(',').map((each) => {
        const [key, value] = each.trim().split(' ');
        return [key!, atob(value ?? '')] as const;
      }),
    );
    const sha = metadata.get('sha256') ?? '';
    const size = Number(headers.get('Upload-Length'));
    if (!/^[0-9a-f]{64}$/.test(sha) || !(size > 0)) return error(400, 'invalid_argument', 'INVALID_FIELD');
    const held = [...world.uploads.values()].find((each) => each.sha256 === sha && each.account === account);
    const upload = held ?? { id: `u${world.nextId()}`, sha256: sha, size, bytes: new Uint8Array(), complete: false, account };
    world.uploads.set(upload.id, upload);
    return standing(upload, 201);
  }
  const upload = world.uploads.get(path.slice('/files/'.length));
  if (upload === undefined || upload.account !== account) return error(404, 'not_found', 'NOT_FOUND');
  if (method === 'HEAD') {
    await verify(world, upload);
    return standing(upload, 200);
  }
  if (method !== 'PATCH') return error(400, 'invalid_argument', 'MALFORMED_REQUEST');
  if (headers.get('Content-Type') !== 'application/offset+octet-stream') return error(415, 'invalid_argument', 'MALFORMED_REQUEST');
  if (body.length === 0 || body.length > 1024 * 1024) return error(413, 'resource_exhausted', 'MESSAGE_TOO_LARGE');
  if (Number(headers.get('Upload-Offset')) !== upload.bytes.length) return standing(upload, 409);
  const left = world.spoil.get(upload.sha256) ?? 0;
  const arrived = copy(body);
  if (left > 0) {
    world.spoil.set(upload.sha256, left - 1);
    arrived[0] = arrived[0]! ^ 0xff;
  }
  const digest = btoa(String.fromCharCode(...(await sha256(arrived))));
  if (headers.get('Upload-Checksum') !== `sha256 ${digest}`) {
    return new Response(null, { status: 460, headers: { 'Upload-Offset': String(upload.bytes.length), 'Tus-Resumable': '1.0.0' } });
  }
  world.pieces.push({ sha256: upload.sha256, offset: upload.bytes.length, length: arrived.length });
  upload.bytes = joined(upload.bytes, arrived);
  if (upload.bytes.length === upload.size && !(await verify(world, upload))) {
    upload.bytes = new Uint8Array();
    return new Response(null, { status: 460, headers: { 'Upload-Offset': '0', 'Tus-Resumable': '1.0.0' } });
  }
  return standing(upload, 204);
}

/** Looks at what is all there; false when it is not what was announced. */
async function verify(world: ModelWorld, upload: ModelUpload): Promise<boolean> {
  if (!world.verifies) return true;
  if (upload.complete || upload.bytes.length !== upload.size) return upload.complete;
  upload.complete = hex(await sha256(copy(upload.bytes))) === upload.sha256;
  if (upload.complete) {
    world.photos.set(upload.sha256, upload.bytes);
    world.verifiedMs.set(upload.sha256, world.tick());
  }
  return upload.complete;
}

function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
