// Names on the map: short, and never one on another.
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const LINE = 1.2;
const EM_MAX = 9;
const APART_PX = 3;

/** "健康路社区" for "健康路社区居民委员会": on a map everybody knows what kind of place it is. */
export function placeWords(name: string): string {
  const short = name.replace(/(居民委员会|村民委员会|居委会|村委会)$/, '');
  return short.length >= 2 ? short : name;
}

/** About where a name centred at a point stands, by one em for every glyph. */
export function labelBox(at: { x: number; y: number }, words: string, px: number): Box {
  const glyphs = [...words].length;
  const width = Math.min(glyphs, EM_MAX) * px;
  const height = Math.ceil(glyphs / EM_MAX) * LINE * px;
  return { left: at.x - width / 2, right: at.x + width / 2, top: at.y - height / 2, bottom: at.y + height / 2 };
}

export function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right + APART_PX && b.left < a.right + APART_PX && a.top < b.bottom + APART_PX && b.top < a.bottom + APART_PX;
}
