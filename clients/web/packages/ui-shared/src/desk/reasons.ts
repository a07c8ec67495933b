// What codes in a history stand for: the policy's reasons, and the items of the duty list. Asked once; without them a history still tells
// who did what.
import { shallowRef, type Ref } from 'vue';
import { call } from './session';

export interface Reason {
  code: string;
  zh: string;
  en: string;
}

const reasons = shallowRef<Reason[]>([]);
let asked = false;

async function read(): Promise<void> {
  const [policy, duties] = await Promise.all([
    call('gridwarden.source.v1.SourceService/ListCategories', { pageSize: 1 }).catch(() => null),
    call('gridwarden.casework.v1.RoutingService/ListDutyItems', {}).catch(() => null),
  ]);
  asked = policy !== null && duties !== null;
  reasons.value = [
    ...(policy?.reasons ?? []).flatMap((list) => list.reasons ?? []).map(({ code = '', zh = '', en = '' }) => ({ code, zh, en })),
    ...(duties?.items ?? []).map(({ id = '', title = '', titleEn = '' }) => ({ code: id, zh: title, en: titleEn })),
  ];
}

export function useReasons(): Readonly<Ref<Reason[]>> {
  if (!asked) void read();
  asked = true;
  return reasons;
}
