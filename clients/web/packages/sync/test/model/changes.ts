// What a phone has not heard of yet, page by page.
import { ok } from './answers';
import { deviceOf } from './operations';
import type { ModelWorld } from './world';

export async function pull(world: ModelWorld, request: Record<string, unknown>, account: string): Promise<Response> {
  const device = deviceOf(world, request, account);
  if (device instanceof Response) return device;
  const [epoch, scope, at] = String(request['cursor'] || `${world.epoch}.${world.scope}.0`)
    .split('.')
    .map(Number) as [number, number, number];
  let reset: string | null = null;
  if (epoch !== world.epoch) reset = 'OTHER_LOG';
  else if (scope !== world.scope) reset = 'SCOPE_CHANGED';
  const held = request['held'] as { count?: number; hash?: string } | undefined;
  const digest = await world.digest();
  if (reset === null && held !== undefined && at === world.lastIndex && (held.count !== digest.count || held.hash !== digest.hash))
    reset = 'DRIFT';
  if (reset !== null) world.resets += 1;
  if (reset !== null) return ok({ reset: true, resetReason: reset, more: true, nextCursor: '' });
  const from = at;
  const size = Math.min(Number(request['pageSize'] || 200), world.pageMax);
  const changed = [...world.records.values()].filter((each) => each.index > from).sort((a, b) => a.index - b.index);
  const page = changed.slice(0, size);
  const more = changed.length > page.length;
  const last = more ? page[page.length - 1]!.index : world.lastIndex;
  const begins = from === 0;
  return ok({
    records: page
      .filter((each) => each.gone === undefined)
      .map((each) => ({
        kind: each.kind,
        name: each.name,
        revision: String(each.revision),
        index: String(each.index),
        json: JSON.stringify(each.json),
        ...(each.open ? { open: true } : {}),
        ...(each.assigned ? { assigned: true } : {}),
      })),
    tombstones: begins
      ? []
      : page
          .filter((each) => each.gone !== undefined)
          .map((each) => ({ kind: each.kind, name: each.name, reason: each.gone, index: String(each.index) })),
    nextCursor: `${world.epoch}.${world.scope}.${last}`,
    ...(more ? { more: true } : { scopeDigest: digest }),
    serverTime: new Date(world.nowMs).toISOString(),
    timeToken: `token-${world.tick()}`,
    asOfIndex: String(last),
    posts: [{ post: 'posts/1', kind: 'GRID_OFFICER', division: 'divisions/1', divisionDisplayName: '灈阳街道', level: 'TOWNSHIP' }],
    displayNames: { 'divisions/1': '灈阳街道' },
    checkpoint: `gridwarden\n${world.lastIndex}\nroot\n`,
  });
}
