import { describe, expect, it } from 'vitest';
import { labelBox, overlaps, placeWords } from '../src/screens/map/labels';
import { boundsOf, inside, unpackMap, unpackRing } from '../src/screens/map/grid_map';

// A square of 0.01 degrees with its corner at 114.02 E, 33.00 N, and a hole in its middle.
const outer = [11402000, 3300000, 1000, 0, 0, 1000, -1000, 0];
const hole = [11402400, 3300400, 200, 0, 0, 200, -200, 0];

describe('a packed outline', () => {
  it('is absolute at first, differences afterwards, longitude before latitude', () => {
    const ring = unpackRing(outer);
    expect(ring).toHaveLength(4);
    expect(ring[0]![0]).toBeCloseTo(33.0, 9);
    expect(ring[0]![1]).toBeCloseTo(114.02, 9);
    expect(ring[2]![0]).toBeCloseTo(33.01, 9);
    expect(ring[2]![1]).toBeCloseTo(114.03, 9);
  });

  it('that is cut off keeps its whole points', () => {
    expect(unpackRing([11402000, 3300000, 1000])).toHaveLength(1);
  });

  it('has an inside by the even-odd rule, holes left out', () => {
    const [outline] = unpackMap({ outlines: [{ division: 'divisions/1', rings: [{ deltas: outer }, { deltas: hole }] }] });
    expect(inside(outline!, [33.001, 114.021])).toBe(true);
    expect(inside(outline!, [33.005, 114.025])).toBe(false);
    expect(inside(outline!, [33.02, 114.025])).toBe(false);
  });

  it('may be a place only, or nothing', () => {
    const outlines = unpackMap({
      outlines: [
        { division: 'divisions/1', name: '小王庄', longitudeE5: 11402000, latitudeE5: 3300000 },
        { division: 'divisions/2', name: '无处' },
      ],
    });
    expect(outlines[0]!.rings).toEqual([]);
    expect(outlines[0]!.centre![0]).toBeCloseTo(33.0, 9);
    expect(outlines[1]!.centre).toBeNull();
    expect(boundsOf(outlines)![0][1]).toBeCloseTo(114.02, 9);
    expect(boundsOf([outlines[1]!])).toBeNull();
  });
});

describe('names on the map', () => {
  it('leave out what everybody knows, but never everything', () => {
    expect(placeWords('健康路社区居民委员会')).toBe('健康路社区');
    expect(placeWords('大林子村民委员会')).toBe('大林子');
    expect(placeWords('灈阳街道')).toBe('灈阳街道');
    expect(placeWords('居民委员会')).toBe('居民委员会');
  });

  it('do not stand on one another', () => {
    const one = labelBox({ x: 100, y: 100 }, '健康路社区', 17);
    expect(overlaps(one, labelBox({ x: 150, y: 105 }, '建新街社区', 17))).toBe(true);
    expect(overlaps(one, labelBox({ x: 100, y: 130 }, '建新街社区', 17))).toBe(false);
    expect(overlaps(one, labelBox({ x: 200, y: 100 }, '建新街社区', 17))).toBe(false);
  });
});
