// A form in progress. Every change is on disk within a moment, in order; a reload or a kill at any step finds it again.
import { reactive, ref, toRaw, watch, type Ref } from 'vue';
import { keepDraft } from './discard';
import { usePhone } from './phone';

export interface Draft<T> {
  data: T;
  draftId: string;
  /** Resolves once everything changed so far is stored. */
  saved(): Promise<void>;
  /** 'saving' until the last change is on disk. */
  state: Readonly<Ref<'saving' | 'saved' | 'failed'>>;
  /** The screen goes; what was changed is still written. */
  close(): void;
  /** The form is finished or thrown away: nothing is written any more. */
  end(): void;
}

function plain<T>(data: T): T {
  return JSON.parse(JSON.stringify(toRaw(data))) as T;
}

/**
 * Opens the draft of a form about a subject, or begins one. A form is kept from when there is something in it (`begun`): what fills
 * itself in, as a place does, is none of somebody's work.
 */
export async function openDraft<T extends object>(
  form: string,
  subject: string,
  empty: T,
  photosOf: (data: T) => string[],
  begun: (data: T) => boolean = () => true,
): Promise<Draft<T>> {
  const phone = usePhone();
  const kept = await phone.draftOf(form, subject);
  const draftId = kept?.draftId ?? `${form}:${subject}`;
  keepDraft(draftId);
  let stored = kept !== undefined;
  const data = reactive({ ...empty, ...(kept?.data as T | undefined) }) as T;
  const state = ref<'saving' | 'saved' | 'failed'>('saved');
  let ended = false;
  let writing: Promise<void> = Promise.resolve();
  let latest = 0;

  const write = () => {
    stored ||= begun(data);
    if (!stored) return;
    const turn = ++latest;
    state.value = 'saving';
    const now = plain(data);
    writing = writing.then(async () => {
      // A later change stands behind us and holds everything this one has.
      if (ended || turn !== latest) return;
      try {
        await phone.saveDraft({ draftId, form, subject, data: now, photos: photosOf(now) });
        if (turn === latest) state.value = 'saved';
      } catch {
        state.value = 'failed';
      }
    });
  };
  const stop = watch(() => data, write, { deep: true, flush: 'sync' });
  const end = () => {
    ended = true;
    stop();
  };
  return { data, draftId, saved: () => writing, state, close: stop, end };
}
