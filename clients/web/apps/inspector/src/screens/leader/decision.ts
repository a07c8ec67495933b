// What the decisions of leaders share: they need the server, they read the subject fresh, and what is typed stays as a draft.
import { onMounted, ref, shallowRef, type Ref } from 'vue';
import { explain, useT } from '@gridwarden/ui-shared';
import { usePhone, useStatus } from '../../phone';

export interface Decision<T> {
  /** The subject as the server has it; null until it is read. */
  subject: Readonly<Ref<T | null>>;
  /** Reading or submitting. */
  busy: Readonly<Ref<boolean>>;
  /** Why something did not work, in words. */
  error: Readonly<Ref<string>>;
  /** What was done, in words; then the screen is finished. */
  done: Ref<string>;
  read(): Promise<void>;
  /** Runs a decision once; false when it failed, and the words of why are in `error`. */
  decide(work: () => Promise<string>): Promise<boolean>;
}

/** `load` reads the subject and all that is shown with it. */
export function useDecision<T>(load: () => Promise<T>): Decision<T> {
  const { t, locale } = useT();
  const phone = usePhone();
  const status = useStatus();
  const subject = shallowRef<T | null>(null);
  const busy = ref(false);
  const error = ref('');
  const done = ref('');

  async function run(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    error.value = '';
    try {
      await work();
      return true;
    } catch (problem) {
      const known = problem as { reason?: string };
      error.value = known.reason === 'ETAG_MISMATCH' ? t('leader.changed') : explain(t, locale.value, problem);
      return false;
    } finally {
      busy.value = false;
    }
  }

  const read = async () => {
    await run(async () => {
      subject.value = await load();
    });
  };
  const decide = (work: () => Promise<string>) =>
    run(async () => {
      done.value = await work();
      // What everybody sees next is the record as it stands now.
      if (status.value.online) void phone.syncNow('submit');
    });
  onMounted(read);
  return { subject, busy, error, done, read, decide };
}
