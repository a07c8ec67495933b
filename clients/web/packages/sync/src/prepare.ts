// Everything for thirty days without a network, step by step; what a step has brought stays, so that it goes on where it was cut.
import { RpcError } from '@gridwarden/proto';
import type { Context } from './context';
import type { PrepareStep } from './contract';
import { registerDevice } from './device_key';
import { pull } from './pull';
import { fetchChecklists, fetchMaps } from './reference';
import { keepReserve } from './room';
import { writeMeta } from './store';

export async function prepareOffline(context: Context, onProgress: (steps: PrepareStep[]) => void): Promise<boolean> {
  const { store } = context;
  const steps: PrepareStep[] = (['device', 'records', 'checklists', 'map', 'names', 'storage'] as const).map((step) => ({
    step,
    state: 'waiting',
    count: 0,
    bytes: 0,
  }));
  const tell = (): void => onProgress(steps.map((each) => ({ ...each })));
  const run = async (name: PrepareStep['step'], work: (step: PrepareStep) => Promise<void>): Promise<boolean> => {
    const step = steps.find((each) => each.step === name)!;
    step.state = 'running';
    tell();
    try {
      await work(step);
      step.state = 'done';
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      step.state = 'failed';
      step.error = error.messageZh;
    }
    tell();
    return step.state === 'done';
  };

  const prepared =
    (await run('device', async (step) => {
      await registerDevice(context);
      step.count = 1;
    })) &&
    (await run('records', async (step) => {
      await pull(context, (page) => {
        step.bytes += page.bytes;
        step.count += page.records;
        tell();
      });
      step.count = await store.records.count();
    })) &&
    (await run('checklists', async (step) => {
      Object.assign(step, await fetchChecklists(context, (progress) => tellMore(step, progress)));
    })) &&
    (await run('map', async (step) => {
      Object.assign(step, await fetchMaps(context, (progress) => tellMore(step, progress)));
    })) &&
    (await run('names', async (step) => {
      step.count = await store.names.count();
    })) &&
    (await run('storage', async (step) => {
      // Not granted is no failure: the browser decides, and 我的 shows what it decided.
      step.count = (await context.device.persistStorage()) ? 1 : 0;
      step.bytes = (await context.device.storageState()).usageBytes ?? 0;
      await keepReserve(store);
    }));
  if (prepared) {
    await writeMeta(store, 'referenceMs', context.device.wallMs());
    await writeMeta(store, 'readyOfflineMs', context.device.wallMs());
  }
  return prepared;

  function tellMore(step: PrepareStep, progress: { count: number; bytes: number }): void {
    Object.assign(step, progress);
    tell();
  }
}
