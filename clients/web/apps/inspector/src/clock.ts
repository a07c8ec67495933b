// The time on the screen: the server's as far as this phone knows it, moving once every half minute.
import { onScopeDispose, ref, type Ref } from 'vue';
import { currentPhone } from './phone';

const STEP_MS = 30_000;

/** Server time now; the phone's own before the first answer of a server. */
export function serverNow(): number {
  const skew = currentPhone()?.status().clockSkewMs ?? 0;
  return Date.now() + skew;
}

export function useNow(): Ref<number> {
  const now = ref(serverNow());
  const timer = window.setInterval(() => (now.value = serverNow()), STEP_MS);
  onScopeDispose(() => window.clearInterval(timer));
  return now;
}
