// Outlines as the server packs them for drawing (grid.v1.GridMap), unpacked for a map.
import type { GridMapJson } from '@gridwarden/proto';

/** Latitude before longitude, as Leaflet wants it. */
export type LatLng = [number, number];

export interface Outline {
  division: string;
  parent: string;
  name: string;
  level: string;
  /** Outer rings and holes alike, by the even-odd rule; empty where only a place is known. */
  rings: LatLng[][];
  /** Null where nothing is known. */
  centre: LatLng | null;
}

const E5 = 1e-5;

/** Longitudes and latitudes by turns in 1e-5 degrees, the first pair absolute, the others as differences. */
export function unpackRing(deltas: number[]): LatLng[] {
  const points: LatLng[] = [];
  let longitude = 0;
  let latitude = 0;
  for (let i = 0; i + 1 < deltas.length; i += 2) {
    longitude += deltas[i] ?? 0;
    latitude += deltas[i + 1] ?? 0;
    points.push([latitude * E5, longitude * E5]);
  }
  return points;
}

export function unpackMap(map: GridMapJson): Outline[] {
  return (map.outlines ?? []).map((outline) => {
    const longitude = outline.longitudeE5 ?? 0;
    const latitude = outline.latitudeE5 ?? 0;
    return {
      division: outline.division ?? '',
      parent: outline.parent ?? '',
      name: outline.name ?? '',
      level: outline.level ?? '',
      rings: (outline.rings ?? []).map((ring) => unpackRing(ring.deltas ?? [])).filter((ring) => ring.length > 2),
      centre: longitude === 0 && latitude === 0 ? null : [latitude * E5, longitude * E5],
    };
  });
}

/** South-west and north-east of everything drawn; null when there is nothing. */
export function boundsOf(outlines: Outline[]): [LatLng, LatLng] | null {
  let south = 90;
  let west = 180;
  let north = -90;
  let east = -180;
  for (const outline of outlines) {
    const points = outline.rings.length > 0 ? outline.rings.flat() : outline.centre ? [outline.centre] : [];
    for (const [latitude, longitude] of points) {
      south = Math.min(south, latitude);
      north = Math.max(north, latitude);
      west = Math.min(west, longitude);
      east = Math.max(east, longitude);
    }
  }
  return south > north
    ? null
    : [
        [south, west],
        [north, east],
      ];
}

/** True when a point lies inside, by the even-odd rule over all rings. */
export function inside(outline: Outline, [latitude, longitude]: LatLng): boolean {
  let odd = false;
  for (const ring of outline.rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [yi, xi] = ring[i]!;
      const [yj, xj] = ring[j]!;
      if (yi > latitude !== yj > latitude && longitude < ((xj - xi) * (latitude - yi)) / (yj - yi) + xi) odd = !odd;
    }
  }
  return odd;
}
