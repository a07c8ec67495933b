// The grounds somebody at a desk answers for: those of the posts held now; administrators begin at the top.
import { msOf } from '../time';
import { call, type Account } from './session';

export interface Ground {
  division: string;
  name: string;
  level: string;
  path: string;
}

const LEVELS = ['PROVINCE', 'CITY', 'COUNTY', 'TOWNSHIP', 'VILLAGE', 'GROUP'];

/** Widest first; empty when the account holds no post. */
export async function groundsOf(account: Account): Promise<Ground[]> {
  const divisions = await (account.person ? ofPosts(account.person) : Promise.resolve([]));
  const names = divisions.length > 0 || !account.administrator ? divisions : await tops();
  if (names.length === 0) return [];
  const answer = await call('gridwarden.grid.v1.GridService/BatchGetDivisions', { names });
  const grounds = (answer.divisions ?? []).map((one) => ({
    division: one.name ?? '',
    name: one.displayName ?? '',
    level: one.level ?? '',
    path: one.path ?? '',
  }));
  return grounds.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

async function ofPosts(person: string): Promise<string[]> {
  const now = Date.now();
  const { tenures } = await call('gridwarden.grid.v1.GridService/ListTenures', { parent: person, pageSize: 100 });
  const held = (tenures ?? []).filter(
    (one) => (msOf(one.validFrom) ?? 0) <= now && (msOf(one.validTo) ?? Infinity) > now && !one.revokedTime,
  );
  const posts = await Promise.all(held.map((one) => call('gridwarden.grid.v1.GridService/GetPost', { name: one.post ?? '' })));
  const units = await Promise.all(posts.filter((post) => post.unit).map((post) => divisionOfUnit(post.unit ?? '')));
  return [...new Set([...posts.map((post) => post.division ?? ''), ...units].filter(Boolean))];
}

async function divisionOfUnit(unit: string): Promise<string> {
  const { units } = await call('gridwarden.grid.v1.GridService/ListUnits', { pageSize: 500 });
  return units?.find((one) => one.name === unit)?.division ?? '';
}

async function tops(): Promise<string[]> {
  const { divisions } = await call('gridwarden.grid.v1.GridService/ListDivisions', { pageSize: 50 });
  return (divisions ?? []).map((one) => one.name ?? '');
}
