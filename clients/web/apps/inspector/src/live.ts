// What the store holds, kept current on the screen: a Dexie query that runs again whenever what it read changes, in any tab.
import { liveQuery, type Subscription } from 'dexie';
import { onScopeDispose, shallowRef, watch, type Ref, type WatchSource } from 'vue';

export interface Live<T> {
  value: Readonly<Ref<T>>;
  /** False until the first answer. */
  ready: Readonly<Ref<boolean>>;
}

/** Follows a query until the component goes; `again` names what it depends on besides the store. */
export function useLive<T>(query: () => Promise<T>, initial: T, again: WatchSource[] = []): Live<T> {
  const value = shallowRef(initial) as Ref<T>;
  const ready = shallowRef(false);
  let subscription: Subscription | null = null;
  const follow = () => {
    subscription?.unsubscribe();
    subscription = liveQuery(query).subscribe({
      next: (found) => {
        value.value = found;
        ready.value = true;
      },
      // The store was closed under us (signed out, another account): the screen goes as well.
      error: () => undefined,
    });
  };
  if (again.length > 0) watch(again, follow);
  follow();
  onScopeDispose(() => subscription?.unsubscribe());
  return { value, ready };
}
