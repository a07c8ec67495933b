// A form on the screen: its draft, its questions, the camera, the position, and the one button at the end.
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { LocationState } from '@gridwarden/device';
import type { ChecklistJson, Evidence_KindJson } from '@gridwarden/proto';
import type { PhotoRow } from '@gridwarden/sync';
import { uuidV7 } from '@gridwarden/sync/bytes';
import { exactTime, shorten, useT, word } from '@gridwarden/ui-shared';
import { announce, announceUndo } from '../announce';
import { serverNow, useNow } from '../clock';
import { discardDraft } from '../discard';
import { openDraft, type Draft } from '../drafts';
import { usePhone } from '../phone';
import { usePlace } from '../place';
import { checklistsOf, useCategories } from '../reference';
import { byStage, countyOf, needsOf, photosSoFar, type CaseRecord } from '../work/records';
import {
  emptyForm,
  isBegun,
  itemsOf,
  mayAddPhoto,
  missingOf,
  parseCondition,
  photoSlots,
  resultOf,
  type FormContext,
  type FormData,
  type FormItem,
  type FormKind,
  type FormPhoto,
  type FormPlace,
  type Missing,
  type PhotoSlot,
} from './form';
import { noteOf, operationOf, type Subject } from './request';

/** A fix older than this is not where the person stands now. */
const FIX_FRESH_MS = 120_000;
/** Waiting for a better fix at the moment of sending never takes longer. */
const LAST_FIX_MS = 1_500;

export interface FormFlow {
  ready: Readonly<Ref<boolean>>;
  data: ComputedRef<FormData>;
  context: ComputedRef<FormContext>;
  items: ComputedRef<FormItem[]>;
  slots: ComputedRef<PhotoSlot[]>;
  missing: ComputedRef<Missing[]>;
  result: ComputedRef<string>;
  mayAdd: ComputedRef<boolean>;
  location: Readonly<Ref<LocationState>>;
  draftState: ComputedRef<'saving' | 'saved' | 'failed'>;
  camera: {
    open: ComputedRef<boolean>;
    label: ComputedRef<string>;
    last: ComputedRef<FormPhoto | null>;
    watermark: () => string[];
    take: (kind: string) => void;
    takeFor: (item: FormItem) => void;
    taken: (photo: PhotoRow) => void;
    retake: () => void;
    close: () => void;
  };
  removePhoto: (sha256: string) => void;
  busy: Readonly<Ref<boolean>>;
  /** Queues the operation; false when something is missing or it could not be stored. */
  submit: (as?: FormKind) => Promise<boolean>;
  discard: () => Promise<void>;
}

const EXTRA: Partial<Record<string, Evidence_KindJson>> = {
  feedback: 'AFTER',
  part: 'AFTER',
  'check FAIL': 'REMAINS',
  'onsite_check ABSENT': 'ABSENCE',
  'recheck REBOUNDED': 'REMAINS',
};

export function useForm(kind: FormKind, subject: () => Subject): FormFlow {
  const phone = usePhone();
  const route = useRoute();
  const router = useRouter();
  const { t } = useT();
  const categories = useCategories();
  const location = usePlace();
  const now = useNow();
  const draft = shallowRef<Draft<FormData> | null>(null);
  const checklists = shallowRef<Record<string, ChecklistJson>>({});
  const busy = ref(false);
  const lastTaken = ref('');
  const blank = emptyForm();

  const data = computed(() => draft.value?.data ?? blank);
  const context = computed<FormContext>(() => {
    const record = subject().record;
    const own = record?.category ?? '';
    const category = data.value.category || own;
    return {
      kind,
      category: own,
      needs: needsOf(categories.value, category, record ? countyOf(record) : ''),
      checklists: checklists.value,
      checklist: kind === 'visit' ? ((record?.data as { checklist?: string } | undefined)?.checklist ?? '') : '',
      file: record?.kind === 'CASE' ? (record as CaseRecord).data : null,
      nowMs: now.value,
    };
  });
  const result = computed(() => resultOf(context.value, data.value));
  const items = computed(() => itemsOf(context.value, data.value));
  const slots = computed(() => photoSlots(context.value, data.value));
  const missing = computed(() => (draft.value ? missingOf(context.value, data.value) : []));

  // The lists that this form may ask from, by category. By their codes: what is read must not ask for itself again.
  const wanted = computed(() => {
    const { checklist, needs } = context.value;
    const conditions = [...(needs?.filingItems ?? []), ...(needs?.closing ?? []).flatMap((one) => one.items ?? [])];
    return [...new Set([checklist, ...conditions.map((text) => parseCondition(text).checklist)])].sort().join(' ');
  });
  watch(wanted, async (codes) => (checklists.value = await checklistsOf(codes.split(' '))), { immediate: true });

  let gone = false;
  void openDraft(kind, subject().name, startOf(kind, subject()), photosOf, isBegun).then((opened) => {
    if (gone) opened.close();
    else draft.value = opened;
  });
  onScopeDispose(() => {
    gone = true;
    draft.value?.close();
  });

  // The fix belongs to what was seen: the first tap takes it, later ones only improve it.
  const bestFix = (): FormPlace | null => {
    const fix = location.value.kind === 'fix' ? location.value.fix : null;
    return fix && Date.now() - fix.timeMs < FIX_FRESH_MS ? { ...fix } : null;
  };
  function keepFix() {
    const fix = bestFix();
    const kept = data.value.place;
    if (draft.value && fix && (!kept || (fix.accuracyM < kept.accuracyM && fix.timeMs - kept.timeMs < FIX_FRESH_MS)))
      draft.value.data.place = fix;
  }
  watch(() => [data.value.answers, data.value.photos, data.value.result, data.value.note, data.value.category], keepFix, { deep: true });

  const target = computed(() => (typeof route.query['camera'] === 'string' ? route.query['camera'] : null));
  const targetItem = computed(() => items.value.find((one) => `item:${one.key}` === target.value) ?? null);
  function toCamera(next: string | null) {
    const { camera: _gone, ...query } = route.query;
    if (next === null) {
      if (window.history.state?.camera) router.back();
      else void router.replace({ query });
    } else if (target.value === null) void router.push({ query: { ...query, camera: next }, state: { camera: true } });
    else void router.replace({ query: { ...query, camera: next }, state: { camera: true } });
  }

  function taken(photo: PhotoRow) {
    if (!draft.value || draft.value.data.photos.some((one) => one.sha256 === photo.sha256)) return;
    lastTaken.value = photo.sha256;
    if (targetItem.value) {
      draft.value.data.photos.push({ sha256: photo.sha256, kind: kind === 'feedback' ? 'AFTER' : 'NEAR', item: targetItem.value.key });
      return toCamera(null);
    }
    const extra = EXTRA[`${kind} ${result.value}`] ?? EXTRA[kind] ?? 'NEAR';
    draft.value.data.photos.push({ sha256: photo.sha256, kind: (target.value || extra) as Evidence_KindJson });
    const next = slots.value.find((slot) => slot.taken === 0);
    toCamera(next && target.value !== '' ? (next.kind ?? null) : null);
  }

  function takeAway(sha256: string) {
    if (draft.value) draft.value.data.photos = draft.value.data.photos.filter((photo) => photo.sha256 !== sha256);
  }
  function removePhoto(sha256: string) {
    const before = draft.value?.data.photos;
    takeAway(sha256);
    announceUndo(t('form.photoRemoved'), () => {
      if (!gone && before && draft.value) draft.value.data.photos = before;
    });
  }

  function retake() {
    const last = draft.value?.data.photos.find((photo) => photo.sha256 === lastTaken.value);
    if (!last) return;
    takeAway(last.sha256);
    toCamera(last.item ? `item:${last.item}` : last.kind);
  }

  function watermark(): string[] {
    const record = subject().record;
    const division = record?.division ?? data.value.division;
    const fix = bestFix();
    const at = fix ? `${fix.longitude.toFixed(5)}, ${fix.latitude.toFixed(5)} ±${Math.round(fix.accuracyM)} m` : t('camera.noPlace');
    const where = division ? phone.nameOf(division) : '';
    const who = phone.account.displayName || phone.account.login;
    return [shorten(subject().title, 18), [where, who].filter(Boolean).join(' · '), exactTime(serverNow()), at].filter(Boolean);
  }

  async function submit(as: FormKind = kind): Promise<boolean> {
    if (!draft.value || busy.value) return false;
    const form = draft.value;
    const sent: FormContext = { ...context.value, kind: as, nowMs: serverNow() };
    if (missingOf(sent, form.data).length > 0) return false;
    busy.value = true;
    try {
      if (!form.data.place && location.value.kind === 'searching') await new Promise((done) => setTimeout(done, LAST_FIX_MS));
      keepFix();
      await form.saved();
      const made = subject().kind === 'SIGNAL' && kind === 'signal' ? subject().name.replace('signals/', '') : uuidV7(Date.now());
      const note = noteOf(sent, form.data, (names) => t('form.notApplicable', { items: names.join('、') }));
      const filled = JSON.parse(JSON.stringify(form.data)) as FormData;
      await phone.submit(operationOf(sent, filled, subject(), { made }, form.draftId, note));
      form.end();
      phone.device.vibrate(40);
      announce(t('form.kept'));
      return true;
    } catch (error) {
      console.error(error);
      announce(t('form.notKept'), true);
      return false;
    } finally {
      busy.value = false;
    }
  }

  async function discard() {
    const form = draft.value;
    if (!form) return;
    await form.saved();
    form.end();
    discardDraft(form.draftId, t('report.discarded'));
  }

  return {
    ready: computed(() => draft.value !== null),
    data,
    context,
    items,
    slots,
    missing,
    result,
    mayAdd: computed(() => mayAddPhoto(context.value, data.value)),
    location,
    draftState: computed(() => draft.value?.state.value ?? 'saved'),
    camera: {
      open: computed(() => target.value !== null),
      label: computed(() => (targetItem.value ? t('form.itemPhoto') : target.value ? word(t, 'evidence', target.value) : t('form.photo'))),
      last: computed(() => data.value.photos.find((photo) => photo.sha256 === lastTaken.value) ?? null),
      watermark,
      take: (wanted) => toCamera(wanted),
      takeFor: (item) => toCamera(`item:${item.key}`),
      taken,
      retake,
      close: () => toCamera(null),
    },
    removePhoto,
    busy,
    submit,
    discard,
  };
}

function photosOf(data: FormData): string[] {
  return data.photos.filter((photo) => !photo.earlier).map((photo) => photo.sha256);
}

// 整改前 is on record already where the find was photographed: nobody takes it again.
function startOf(kind: FormKind, subject: Subject): FormData {
  const start = emptyForm();
  if (kind !== 'feedback' || !subject.record) return start;
  const { before } = byStage(photosSoFar(subject.record));
  const shown = before.find((photo) => photo.kind === 'NEAR') ?? before[0];
  if (shown) start.photos.push({ sha256: shown.sha256, kind: 'BEFORE', earlier: true });
  return start;
}
