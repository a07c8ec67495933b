// One short sentence at the lower edge after something was done; said by screen readers too.
import { ref } from 'vue';

export const said = ref<{ words: string; bad: boolean } | null>(null);
let timer: number | undefined;

export function announce(words: string, bad = false): void {
  said.value = { words, bad };
  window.clearTimeout(timer);
  timer = window.setTimeout(() => (said.value = null), bad ? 8000 : 3500);
}
