// What seldom changes and the phone holds for itself: categories, checklists, reasons.
import { computed, shallowRef, type Ref, type ShallowRef } from 'vue';
import type { Phone } from '@gridwarden/sync';
import type { CategoryJson, ChecklistJson, ReasonListJson } from '@gridwarden/proto';
import { usePhone } from './phone';

// One copy for all rows of a list; read again when another account is opened, or when nothing was there yet.
let held: { phone: Phone; categories: ShallowRef<CategoryJson[]>; reasons: ShallowRef<ReasonListJson[]> } | null = null;

function shared(): NonNullable<typeof held> {
  const phone = usePhone();
  if (held?.phone !== phone) held = { phone, categories: shallowRef([]), reasons: shallowRef([]) };
  const mine = held;
  if (mine.categories.value.length === 0) {
    void phone.reference<CategoryJson[]>('categories').then((all) => {
      if (all && all.length > 0) mine.categories.value = all;
    });
  }
  if (mine.reasons.value.length === 0) {
    void phone.reference<ReasonListJson[]>('reasons').then((all) => {
      if (all && all.length > 0) mine.reasons.value = all;
    });
  }
  return mine;
}

export function useCategories(): Readonly<Ref<CategoryJson[]>> {
  return shared().categories;
}

type Reasons = NonNullable<ReasonListJson['reasons']>;

function reasonsOf(wanted: (list: ReasonListJson) => boolean): Readonly<Ref<Reasons>> {
  const { reasons } = shared();
  return computed(() => reasons.value.filter(wanted).flatMap((list) => list.reasons ?? []));
}

/** The reasons that one kind of act may give: "RETURN", "POSTPONEMENT" ... */
export function useReasons(kind: string): Readonly<Ref<Reasons>> {
  return reasonsOf((list) => list.kind === kind);
}

/** Those of every kind, to say what an old act gave. */
export function useAllReasons(): Readonly<Ref<Reasons>> {
  return reasonsOf(() => true);
}

/** The checklists of these codes, as far as the phone holds them. */
export async function checklistsOf(codes: Iterable<string>): Promise<Record<string, ChecklistJson>> {
  const phone = usePhone();
  const found: Record<string, ChecklistJson> = {};
  for (const code of new Set(codes)) {
    const list = code ? await phone.reference<ChecklistJson>(`checklist:${code}`) : undefined;
    if (list) found[code] = list;
  }
  return found;
}
