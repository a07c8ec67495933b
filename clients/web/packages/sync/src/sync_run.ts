// One run of the engine: operations up, changes down, photos up, messages, and what is due once in a while.
import { RpcError } from '@gridwarden/proto';
import type { Context } from './context';
import { syncNotices } from './notices';
import { pull } from './pull';
import { push } from './push';
import { refreshReference } from './reference';
import { retain } from './retention';
import { keepReserve } from './room';
import { readMeta } from './store';
import { uploadPhotos } from './upload';

export type Phase = 'idle' | 'pushing' | 'pulling' | 'photos' | 'backoff' | 'signed_out' | 'refused_device' | 'locked';

/** Fails with RpcError where it had to stop; everything before that stands. */
export async function runOnce(context: Context, phase: (phase: Phase) => void): Promise<void> {
  phase('pushing');
  await push(context);
  phase('pulling');
  const refused = await pull(context).then(
    () => null,
    (error: unknown) => refusal(error),
  );
  phase('photos');
  await uploadPhotos(context, (await readMeta(context.store, 'wifiOnly')) === true);
  if ((await readMeta(context.store, 'receiptsDue')) === true) await push(context);
  if (refused !== null) throw refused;
  phase('pulling');
  for (const side of [syncNotices, refreshReference, retain]) {
    try {
      await side(context);
    } catch (error) {
      // The work is through; what is beside it may wait, unless the person has to sign in.
      if (!(error instanceof RpcError) || error.code === 'unauthenticated') throw error;
    }
  }
  await keepReserve(context.store);
}

/** Who may not see anything any more still brings what is his: photos of work that was taken. Whatever else stopped it stops the run. */
function refusal(error: unknown): RpcError {
  if (error instanceof RpcError && error.code === 'permission_denied') return error;
  throw error;
}

/** What a failed run means for the next one. */
export function phaseAfter(error: RpcError): Phase {
  if (error.reason === 'LOCKED') return 'locked';
  if (error.code === 'unauthenticated') return 'signed_out';
  if (error.reason === 'DEVICE_REVOKED') return 'refused_device';
  return 'backoff';
}
