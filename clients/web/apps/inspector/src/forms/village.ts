// Which village a point lies in, by the map this phone holds; and the villages to choose from where there is no point.
import type { GridMapJson } from '@gridwarden/proto';
import { usePhone } from '../phone';
import { inside, unpackMap, type Outline } from '../screens/map/grid_map';
import type { Point } from '../work/records';

const DEPTH: Record<string, number> = { PROVINCE: 1, CITY: 2, COUNTY: 3, TOWNSHIP: 4, VILLAGE: 5, GROUP: 6 };

export interface Ground {
  /** The deepest outline that holds the point; outside of all of them the post's own ground; '' without a map, when the server finds it. */
  at(point: Point): string;
  /** Villages (or townships, of a county's post) by name. */
  choices: { division: string; name: string }[];
}

/** The ground of the person's posts as the phone holds it. */
export async function groundOfPosts(): Promise<Ground> {
  const phone = usePhone();
  const posts = await phone.posts();
  const outlines: Outline[] = [];
  for (const division of new Set(posts.map((post) => post.division))) {
    const map = await phone.reference<GridMapJson>(`map:${division}`);
    if (map) outlines.push(...unpackMap(map));
  }
  const choices = new Map<string, string>();
  for (const post of posts) choices.set(post.division, post.divisionName);
  for (const outline of outlines) choices.set(outline.division, outline.name);
  const depth = (division: string) => DEPTH[outlines.find((outline) => outline.division === division)?.level ?? ''] ?? 0;
  return {
    at(point) {
      const holding = outlines.filter((outline) => outline.rings.length > 0 && inside(outline, [point.latitude, point.longitude]));
      holding.sort((a, b) => (DEPTH[b.level] ?? 0) - (DEPTH[a.level] ?? 0));
      if (holding[0]) return holding[0].division;
      return outlines.some((outline) => outline.rings.length > 0) ? (posts[0]?.division ?? '') : '';
    },
    choices: [...choices]
      .map(([division, name]) => ({ division, name }))
      .sort((a, b) => depth(b.division) - depth(a.division) || a.name.localeCompare(b.name, 'zh-CN')),
  };
}
