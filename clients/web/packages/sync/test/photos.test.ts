// @vitest-environment node
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fromBase64, utf8 } from '../src/bytes';
import { ModelServer, type Seen } from './model_server';
import { addedPhoto, freshBrowser, picture, report, signedIn, visit } from './phones';

let server: ModelServer;
beforeEach(() => {
  freshBrowser();
  server = new ModelServer();
});

const isPatch = (seen: Seen): boolean => seen.method === 'PATCH';
const DAY_MS = 86_400_000;

describe('photos', () => {
  test('of a draft are not sent; those of an operation only after it', async () => {
    const { phone } = await signedIn(server);
    const draft = await addedPhoto(phone, 3000, 1);
    const photo = await addedPhoto(phone, 3000, 2);
    server.unreachable.add('gridwarden.casework.v1.CaseworkService/SubmitSignal');
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    await phone.syncNow('manual');
    expect(server.seen.filter((each) => each.path.startsWith('/files'))).toEqual([]);
    server.unreachable.clear();
    await phone.syncNow('manual');
    expect([...server.photos.keys()]).toEqual([photo]);
    expect(await phone.db.photos.get(draft)).toMatchObject({ state: 'draft' });
  });

  test('the small ones go first, a good line gets larger pieces', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    const large = await addedPhoto(phone, 1_500_000, 1);
    const small = await addedPhoto(phone, 90_000, 2);
    await phone.submit({ ...report('signals/s1'), photos: [large, small] });
    tab.device.goOnline(true);
    await phone.syncNow('manual');
    expect(server.pieces.map((each) => [each.sha256 === small ? 'small' : 'large', each.length])).toEqual([
      ['small', 65_536],
      ['small', 24_464],
      ['large', 65_536],
      ['large', 131_072],
      ['large', 262_144],
      ['large', 524_288],
      ['large', 516_960],
    ]);
  });

  test('the line breaks within and after every piece: no piece that was taken is sent again', { timeout: 60_000 }, async () => {
    const bytes = 64 * 1024 * 6 + 1;
    // 'lose_answer' at each piece: taken, not heard of. A cut within: nothing of it kept.
    for (const fault of ['lose_answer', { cutBytes: 10 }, { cutBytes: 65_535 }, 'busy', 'busy_after'] as const) {
      for (let at = 1; at <= 4; at++) {
        freshBrowser();
        server = new ModelServer();
        const { phone } = await signedIn(server);
        const photo = await addedPhoto(phone, bytes, at);
        await phone.submit({ ...report('signals/s1'), photos: [photo] });
        let patches = 0;
        server.fault = (seen) => (isPatch(seen) && ++patches === at ? fault : 'none');
        for (let i = 0; i < 6 && server.photos.size === 0; i++) await phone.syncNow('manual');
        await phone.syncNow('manual');
        expect(server.photos.get(photo)).toHaveLength(bytes);
        expect(server.pieces.reduce((sum, each) => sum + each.length, 0)).toBe(bytes);
        expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'verified', receipt: `receipt ${photo}` });
        phone.close();
      }
    }
  });

  test('of somebody who may see nothing any more still go', async () => {
    const { phone } = await signedIn(server);
    server.fault = (seen) => (seen.path.endsWith('/Pull') ? 'refuse' : 'none');
    const photo = await addedPhoto(phone, 1000, 1);
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    expect(await phone.syncNow('manual')).toMatchObject({
      phase: 'backoff',
      error: 'PERMISSION_DENIED',
      pendingOperations: 0,
      pendingPhotos: 0,
    });
    expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'verified', receipt: `receipt ${photo}` });
  });

  test('all bytes there and not verified is not green', async () => {
    const { phone } = await signedIn(server);
    const photo = await addedPhoto(phone, 1000, 1);
    server.verifies = false;
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    await phone.syncNow('manual');
    expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'uploading', offset: 1000 });
    expect(phone.status()).toMatchObject({ pendingPhotos: 1, phase: 'backoff' });
    server.verifies = true;
    await phone.syncNow('manual');
    expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'verified' });
    expect(server.pieces).toHaveLength(1);
  });

  test('an upload that expired begins again; one the server lost is noticed and sent again', async () => {
    const { tab, phone } = await signedIn(server);
    const photo = await addedPhoto(phone, 200_000, 1);
    let patches = 0;
    server.fault = (seen) => (isPatch(seen) && ++patches === 2 ? 'lose_request' : 'none');
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    await phone.syncNow('manual');
    server.uploads.clear();
    await phone.syncNow('manual');
    expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'verified' });
    server.uploads.clear();
    server.photos.clear();
    tab.device.pass(DAY_MS);
    await phone.syncNow('manual');
    await phone.syncNow('manual');
    expect(server.photos.has(photo)).toBe(true);
    expect(await phone.db.photos.get(photo)).toMatchObject({ state: 'verified' });
  });

  test('a piece that arrives spoiled goes again; three times and it is set aside, the others go on', async () => {
    const { phone } = await signedIn(server);
    const [good, once, never] = [
      await addedPhoto(phone, 70_000, 1),
      await addedPhoto(phone, 80_000, 2),
      await addedPhoto(phone, 60_000, 3),
    ];
    server.spoil.set(once, 1);
    server.spoil.set(never, 99);
    await phone.submit({ ...report('signals/s1'), photos: [good, once, never] });
    await phone.syncNow('manual');
    await phone.syncNow('manual');
    expect((await phone.db.photos.bulkGet([good, once, never])).map((each) => each!.state)).toEqual([
      'verified',
      'verified',
      'quarantined',
    ]);
    expect(await phone.db.photos.get(never)).toMatchObject({ error: 'MEDIA_DIGEST_MISMATCH' });
    expect(await phone.photoBlob(never, 'whole')).not.toBeNull();
  });

  test('large ones wait for Wi-Fi, when that is wanted and the phone can tell', async () => {
    const { tab, phone } = await signedIn(server);
    const [small, large] = [await addedPhoto(phone, 1000, 1), await addedPhoto(phone, 600_000, 2)];
    await phone.setPhotosOnWifiOnly(true);
    tab.device.wifi = false;
    await phone.submit({ ...report('signals/s1'), photos: [small, large] });
    await phone.syncNow('manual');
    expect([...server.photos.keys()]).toEqual([small]);
    tab.device.wifi = true;
    await phone.syncNow('manual');
    expect(server.photos.has(large)).toBe(true);
  });

  test('their bytes stay until seven days after the server verified them', async () => {
    const { tab, phone } = await signedIn(server);
    const photo = await addedPhoto(phone, 5000, 1);
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    const waiting = await addedPhoto(phone, 5000, 2);
    await phone.syncNow('manual');
    expect(await phone.clearVerifiedPhotos()).toBe(0);
    tab.device.stepClock(8 * DAY_MS);
    await phone.syncNow('manual');
    expect(await phone.clearVerifiedPhotos()).toBe(0);
    tab.device.pass(8 * DAY_MS);
    server.nowMs += 8 * DAY_MS;
    expect(await phone.clearVerifiedPhotos()).toBe(5000);
    expect(await phone.db.bytes.toCollection().primaryKeys()).toEqual([waiting]);
    const fetched = await phone.photoBlob(photo, 'whole');
    expect(fetched!.size).toBe(5000);
    tab.device.goOnline(false);
    expect(await phone.photoBlob(photo, 'whole')).toBeNull();
  });

  test('whose file the browser lost are set aside; the others go, and the outbox file still comes', async () => {
    const { phone } = await signedIn(server);
    const [lost, good] = [await addedPhoto(phone, 1000, 1), await addedPhoto(phone, 2000, 2)];
    const slice = Blob.prototype.slice;
    const unreadable = (): never => {
      throw new DOMException('gone', 'NotReadableError');
    };
    vi.spyOn(Blob.prototype, 'slice').mockImplementation(function (this: Blob, ...range: Parameters<Blob['slice']>) {
      return this.size === 1000 ? unreadable() : slice.apply(this, range);
    });
    await phone.submit({ ...report('signals/s1'), photos: [lost, good] });
    await phone.syncNow('manual');
    expect((await phone.db.photos.bulkGet([lost, good])).map((each) => [each!.state, each!.error])).toEqual([
      ['quarantined', 'BYTES_LOST'],
      ['verified', null],
    ]);
    vi.spyOn(Blob.prototype, 'arrayBuffer').mockRejectedValue(new DOMException('gone', 'NotReadableError'));
    const file = await phone.exportOutbox();
    vi.restoreAllMocks();
    expect(JSON.parse(await file.text())).toMatchObject({ photos: [{ sha256: lost, base64: null }] });
  });

  test('of a draft that was thrown away go with it, unless another rests on them', async () => {
    const { phone } = await signedIn(server);
    const [own, shared] = [await addedPhoto(phone, 1000, 1), await addedPhoto(phone, 1000, 2)];
    await phone.saveDraft({ draftId: 'a', form: 'visit', subject: 'patrolTasks/t1', data: {}, photos: [own, shared] });
    await phone.saveDraft({ draftId: 'b', form: 'visit', subject: 'patrolTasks/t2', data: {}, photos: [shared] });
    await phone.removeDraft('a');
    expect(await phone.db.photos.toCollection().primaryKeys()).toEqual([shared]);
  });

  test('that were taken again leave after two days; those of a draft or an operation never', async () => {
    const { tab, phone } = await signedIn(server);
    const keep = async (seed: number): Promise<string> => {
      const added = await phone.addPhoto({ ...picture(1000, seed), takenAtMs: tab.device.wall });
      if (!added.ok) throw new Error(added.reason);
      return added.photo.sha256;
    };
    const [drafted, queued, retaken] = [await keep(1), await keep(2), await keep(3)];
    await phone.saveDraft({ draftId: 'a', form: 'visit', subject: 's', data: {}, photos: [drafted] });
    server.unreachable.add('gridwarden.casework.v1.CaseworkService/SubmitSignal');
    await phone.submit({ ...report('signals/s1'), photos: [queued] });
    for (const ms of [DAY_MS, 30 * DAY_MS]) {
      tab.device.pass(ms);
      server.nowMs += ms;
      await phone.syncNow('manual');
      const held = await phone.db.bytes.toCollection().primaryKeys();
      expect(held.sort()).toEqual((ms === DAY_MS ? [drafted, queued, retaken] : [drafted, queued]).sort());
    }
  });

  test('above the limit are refused with a word', async () => {
    const { phone } = await signedIn(server);
    expect(await phone.addPhoto(picture(2 * 1024 * 1024 + 1, 1))).toEqual({ ok: false, reason: 'too_large' });
  });

  test('of two operations about the same picture is one upload', async () => {
    const task = server.addTask(1);
    const { phone } = await signedIn(server);
    const photo = await addedPhoto(phone, 1000, 1);
    await phone.submit(visit(task, { photos: [photo] }));
    await phone.submit({ ...report('signals/s1'), photos: [photo] });
    await phone.syncNow('manual');
    await phone.syncNow('manual');
    expect(server.uploads.size).toBe(1);
    expect((await phone.db.photos.get(photo))!.opIds).toHaveLength(2);
  });

  test('stand whole in the outbox file, with the signed bytes of what rests on them', async () => {
    const { tab, phone } = await signedIn(server);
    tab.device.goOnline(false);
    const photo = await addedPhoto(phone, 3000, 1);
    const op = await phone.submit({ ...report('signals/s1'), photos: [photo] });
    await phone.saveDraft({ draftId: 'a', form: 'visit', subject: 'patrolTasks/t1', data: { note: '草稿' }, photos: [] });
    const file = await phone.exportOutbox();
    const said = JSON.parse(await file.text()) as {
      format: string;
      device: string;
      publicKey: string;
      registration: { signature: string };
      operations: Record<string, unknown>[];
      photos: { sha256: string; base64: string }[];
      drafts: unknown[];
    };
    expect(said).toMatchObject({ format: 'gridwarden-outbox/1', device: phone.deviceName() });
    expect(said.operations).toMatchObject([{ opId: op.opId, body: op.body, signature: op.signature, hash: op.hash }]);
    expect(said.photos).toMatchObject([{ sha256: photo }]);
    expect(atob(said.photos[0]!.base64)).toHaveLength(3000);
    expect(said.drafts).toHaveLength(1);
    // Who carries it can register the phone for its own account and for no other: the key itself stays in the browser.
    const key = await crypto.subtle.importKey('raw', fromBase64(said.publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    const proves = (account: string): Promise<boolean> =>
      crypto.subtle.verify(
        { name: 'ECDSA', hash: 'SHA-256' },
        key,
        fromBase64(said.registration.signature),
        utf8(`gridwarden/device/v1\n${said.device.slice('devices/'.length)}\n${account}`),
      );
    expect(await proves(phone.account.name)).toBe(true);
    expect(await proves('accounts/another')).toBe(false);
  });
});
