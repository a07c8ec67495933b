// Throwing a draft away. For a moment it can be taken back; an application that ends before then has it still.
import { reactive } from 'vue';
import { announceUndo, UNDO_MS } from './announce';
import { usePhone } from './phone';

const leaving = reactive(new Map<string, number>());

/** No list shows it any more. */
export function isLeaving(draftId: string): boolean {
  return leaving.has(draftId);
}

/** Opening a draft takes it back as well. */
export function keepDraft(draftId: string): void {
  window.clearTimeout(leaving.get(draftId));
  leaving.delete(draftId);
}

export function discardDraft(draftId: string, words: string): void {
  const phone = usePhone();
  const remove = async () => {
    await phone.removeDraft(draftId);
    leaving.delete(draftId);
  };
  keepDraft(draftId);
  leaving.set(draftId, window.setTimeout(remove, UNDO_MS));
  announceUndo(words, () => keepDraft(draftId));
}
