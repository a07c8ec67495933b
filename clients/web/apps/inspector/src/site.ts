// What the office that runs the platform says about itself: site.json beside the application. Kept for use without a network.
export interface Site {
  /** Who runs it (主办单位). */
  sponsor: string;
  /** 备案号 */
  filingNo: string;
  /** Who takes complaints and suggestions. */
  feedbackOffice: string;
  feedbackPhone: string;
  feedbackMail: string;
  /** Where the outlines come from, and 审图号, printed under the map. */
  mapSource: string;
  mapReviewNo: string;
  /** Tiles of the base map (天地图), from this very server: "/tiles/{z}/{x}/{y}"; empty = none. */
  tiles: string;
}

const NOTHING: Site = {
  sponsor: '',
  filingNo: '',
  feedbackOffice: '',
  feedbackPhone: '',
  feedbackMail: '',
  mapSource: '',
  mapReviewNo: '',
  tiles: '',
};
const STORED = 'gridwarden.site';
const LENGTH_MAX = 200;

/** Takes what is text and of a sane length; tiles only from our own origin, so that no position goes elsewhere. */
export function readSite(data: unknown): Site {
  const given = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const site = { ...NOTHING };
  for (const key of Object.keys(site) as (keyof Site)[]) {
    const value = given[key];
    if (typeof value === 'string' && value.length <= LENGTH_MAX) site[key] = value.trim();
  }
  if (!/^\/[^/]/.test(site.tiles)) site.tiles = '';
  return site;
}

function stored(): Site {
  try {
    return readSite(JSON.parse(localStorage.getItem(STORED) ?? '{}'));
  } catch {
    return { ...NOTHING };
  }
}

/** As the server says now, or as it said last. */
export async function loadSite(): Promise<Site> {
  try {
    const response = await fetch(`${import.meta.env.BASE_URL}site.json`, { cache: 'no-cache', credentials: 'omit' });
    if (!response.ok) return stored();
    const site = readSite(await response.json());
    localStorage.setItem(STORED, JSON.stringify(site));
    return site;
  } catch {
    return stored();
  }
}
