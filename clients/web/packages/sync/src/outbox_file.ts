// Everything that is only on this phone, as one file: for the day the network, the browser or the phone gives up. The bodies are the
// signed bytes, so the file proves itself; somebody with the right to it can bring it to the server.
import { base64 } from './bytes';
import type { AccountInfo, PhotoRow } from './contract';
import { registrationProof } from './device_key';
import { settled, type DeviceRow, type Store, type StoredOperation } from './store';

export const OUTBOX_FORMAT = 'gridwarden-outbox/1';

export async function outboxFile(store: Store, account: AccountInfo, label: string, nowMs: number): Promise<File> {
  const device = await store.keys.get('device').catch(() => undefined);
  const operations = (await store.operations.toArray()).filter((each) => !settled(each) || each.state === 'refused');
  operations.sort((a, b) => a.seq - b.seq);
  const photos = (await store.photos.toArray()).filter((each) => each.state !== 'verified');
  const drafts = await store.drafts.toArray();
  const head = {
    format: OUTBOX_FORMAT,
    account: account.name,
    login: account.login,
    displayName: account.displayName,
    device: device === undefined ? '' : `devices/${device.deviceId}`,
    publicKey: device === undefined ? '' : base64(device.publicKey),
    registration: device === undefined ? null : await registrationOf(device, account, label),
    exportTime: new Date(nowMs).toISOString(),
    operations: operations.map(operationOf),
    drafts,
  };
  // Photo after photo, so that a month of them never stands in memory at once.
  const parts: BlobPart[] = [JSON.stringify(head).slice(0, -1), ',"photos":['];
  let first = true;
  for (const photo of photos) {
    const bytes = await store.bytes.get(photo.sha256).catch(() => undefined);
    if (!first) parts.push(',');
    first = false;
    parts.push(new Blob([await photoText(photo, bytes?.blob)]));
  }
  parts.push(']}\n');
  const day = new Date(nowMs).toISOString().slice(0, 10);
  return new File(parts, `gridwarden-${account.login}-${day}.json`, { type: 'application/json' });
}

/** Lets a phone that never reached the server be registered by its person from elsewhere; the key itself stays where it is. */
async function registrationOf(device: DeviceRow, account: AccountInfo, label: string) {
  const signature = await registrationProof(device, account).catch(() => null);
  return signature === null ? null : { label, signature: base64(signature) };
}

function operationOf(operation: StoredOperation) {
  const { opId, seq, rpc, subject, body, hash, signature, state, reason, createdMs, summary, photos } = operation;
  return { opId, seq, rpc, subject, body, hash, signature, state, reason, createdMs, summary, photos };
}

async function photoText(photo: PhotoRow, blob: Blob | undefined): Promise<string> {
  const { sha256, size, contentType, origin, takenAtMs, opIds, state } = photo;
  // A picture that cannot be read any more does not keep the others from being handed out.
  const bytes = await blob?.arrayBuffer().catch(() => null);
  const content = bytes == null ? null : base64(new Uint8Array(bytes));
  return JSON.stringify({ sha256, size, contentType, origin, takenAtMs, opIds, state, base64: content });
}
