// One short sentence at the lower edge after something was done; said by screen readers too.
import { ref } from 'vue';

/** So long what was deleted can be taken back. */
export const UNDO_MS = 8000;

export const said = ref<{ words: string; bad: boolean; undo?: () => void } | null>(null);
let timer: number | undefined;

function show(now: NonNullable<typeof said.value>, forMs: number): void {
  said.value = now;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => (said.value = null), forMs);
}

export function announce(words: string, bad = false): void {
  show({ words, bad }, bad ? UNDO_MS : 3500);
}

/** Says what was deleted, with a button that takes it back. */
export function announceUndo(words: string, undo: () => void): void {
  const once = () => {
    said.value = null;
    undo();
  };
  show({ words, bad: false, undo: once }, UNDO_MS);
}
