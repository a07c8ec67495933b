// Pictures on the screen: bytes of the store as object URLs, given back when nobody shows them any more.
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue';
import { usePhone } from './phone';

export interface Picture {
  url: Readonly<Ref<string | null>>;
  /** True when the phone does not have it and could not fetch it. */
  missing: Readonly<Ref<boolean>>;
}

export function usePicture(sha256: () => string, size: 'thumbnail' | 'whole'): Picture {
  const phone = usePhone();
  const url = shallowRef<string | null>(null);
  const missing = shallowRef(false);
  let turn = 0;
  const free = () => {
    if (url.value) URL.revokeObjectURL(url.value);
    url.value = null;
  };
  watch(
    sha256,
    async (digest) => {
      const mine = ++turn;
      free();
      missing.value = false;
      const blob = digest ? await phone.photoBlob(digest, size) : null;
      if (mine !== turn) return;
      if (blob) url.value = URL.createObjectURL(blob);
      else missing.value = true;
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    turn += 1;
    free();
  });
  return { url, missing };
}
