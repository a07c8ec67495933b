// Who a case was dispatched to, in words. The phone knows the names of what it holds; leaders see more, and ask.
import type { DivisionJson, ListUnitsResponseJson, PostJson } from '@gridwarden/proto';
import type { Phone } from '@gridwarden/sync';
import { postWords, word, type Translate } from '@gridwarden/ui-shared';

const GRID = 'gridwarden.grid.v1.GridService';

async function unitName(phone: Phone, name: string): Promise<string> {
  const { units } = await phone.call<ListUnitsResponseJson>(`${GRID}/ListUnits`, { pageSize: 500 });
  return units?.find((one) => one.name === name)?.displayName ?? '';
}

/** "网格员 人民街街道", "遂平县住建局"; empty when nobody knows. */
export async function handlerName(phone: Phone, t: Translate, name: string): Promise<string> {
  const known = phone.nameOf(name);
  if (known && known !== name) return postWords(t, known);
  if (name.startsWith('units/')) return unitName(phone, name);
  if (!name.startsWith('posts/')) return '';
  const post = await phone.call<PostJson>(`${GRID}/GetPost`, { name });
  const place = post.division
    ? phone.nameOf(post.division) || ((await phone.call<DivisionJson>(`${GRID}/GetDivision`, { name: post.division })).displayName ?? '')
    : await unitName(phone, post.unit ?? '');
  return `${word(t, 'postKind', post.kind)} ${place}`;
}
