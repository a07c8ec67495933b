// What seldom changes and the phone holds for itself: categories, checklists, reasons.
import { shallowRef, type Ref } from 'vue';
import type { CategoryJson, ChecklistJson, ReasonListJson } from '@gridwarden/proto';
import { usePhone } from './phone';

export function useCategories(): Readonly<Ref<CategoryJson[]>> {
  const found = shallowRef<CategoryJson[]>([]);
  void usePhone()
    .reference<CategoryJson[]>('categories')
    .then((all) => (found.value = all ?? []));
  return found;
}

export function useReasons(kind: string): Readonly<Ref<NonNullable<ReasonListJson['reasons']>>> {
  const found = shallowRef<NonNullable<ReasonListJson['reasons']>>([]);
  void usePhone()
    .reference<ReasonListJson[]>('reasons')
    .then((lists) => (found.value = lists?.find((list) => list.kind === kind)?.reasons ?? []));
  return found;
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
