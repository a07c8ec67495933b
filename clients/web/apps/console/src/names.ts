// Words for names of the API: categories by their code, divisions, posts and units by their resource name. Asked once each.
import { named, word, type Locale, type Translate } from '@gridwarden/ui-shared';
import { call } from '@gridwarden/ui-shared/desk/session';
import type { CategoryJson, DivisionJson } from '@gridwarden/proto';
import { shallowRef, type Ref } from 'vue';

const categories = shallowRef<CategoryJson[]>([]);
let asked: Promise<void> | null = null;

async function readCategories(): Promise<void> {
  const found: CategoryJson[] = [];
  let pageToken = '';
  do {
    const page = await call('gridwarden.source.v1.SourceService/ListCategories', { pageToken });
    found.push(...(page.categories ?? []));
    pageToken = page.nextPageToken ?? '';
  } while (pageToken);
  categories.value = found;
}

export function useCategories(): Readonly<Ref<CategoryJson[]>> {
  asked ??= readCategories().catch(() => {
    asked = null;
  });
  return categories;
}

export function categoryName(locale: Locale, all: CategoryJson[], code: string | undefined): string {
  return named(
    locale,
    all.find((one) => one.code === code),
    code ?? '',
  );
}

const divisions = new Map<string, Promise<DivisionJson>>();

export function divisionOf(name: string): Promise<DivisionJson> {
  let found = divisions.get(name);
  if (!found) {
    found = call('gridwarden.grid.v1.GridService/GetDivision', { name });
    found.catch(() => divisions.delete(name));
    divisions.set(name, found);
  }
  return found;
}

/** From the top of one's ground down to a division, for going up again. */
export async function trailTo(division: string, top: string): Promise<DivisionJson[]> {
  const trail: DivisionJson[] = [];
  for (let name = division; name;) {
    const one = await divisionOf(name);
    trail.unshift(one);
    if (name === top) break;
    name = one.parent ?? '';
  }
  // A ground that does not lie below one's own has no way up here.
  return trail[0]?.name === top ? trail : trail.slice(-1);
}

/** "网格员 灈阳街道", "遂平县住建局". */
export async function handlerName(t: Translate, name: string): Promise<string> {
  if (name.startsWith('posts/')) {
    const post = await call('gridwarden.grid.v1.GridService/GetPost', { name });
    const place = post.division ? ((await divisionOf(post.division)).displayName ?? '') : await unitName(post.unit ?? '');
    return `${word(t, 'postKind', post.kind)} ${place}`;
  }
  return name.startsWith('units/') ? unitName(name) : '';
}

async function unitName(name: string): Promise<string> {
  const { units } = await call('gridwarden.grid.v1.GridService/ListUnits', { pageSize: 500 });
  return units?.find((one) => one.name === name)?.displayName ?? name;
}
