// Where the phone is, from the moment a screen that needs it opens. It never blocks: without a fix the record goes without one.
import { onScopeDispose, shallowRef, type Ref } from 'vue';
import type { LocationState } from '@gridwarden/device';
import { usePhone } from './phone';

export function usePlace(): Readonly<Ref<LocationState>> {
  const state = shallowRef<LocationState>({ kind: 'searching' });
  const watch = usePhone().device.watchLocation();
  watch.subscribe((now) => (state.value = now));
  onScopeDispose(() => watch.stop());
  return state;
}
