// Boards as they were read last, for looking at without a network: numbers of places only. Per account, a few of them.
import type { BoardJson, DeviceCountsJson } from '@gridwarden/proto';

export interface KeptBoard {
  division: string;
  category: string;
  readMs: number;
  board: BoardJson;
  devices: DeviceCountsJson | null;
}

const KEPT_MAX = 12;
const PREFIX = 'gridwarden.board.';

function keptOf(account: string): KeptBoard[] {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + account) ?? '[]') as unknown;
    return Array.isArray(kept) ? (kept as KeptBoard[]) : [];
  } catch {
    return [];
  }
}

export function keepBoard(account: string, board: KeptBoard): void {
  const others = keptOf(account).filter((one) => one.division !== board.division || one.category !== board.category);
  try {
    localStorage.setItem(PREFIX + account, JSON.stringify([board, ...others].slice(0, KEPT_MAX)));
  } catch {
    // No room: the board is for looking at, the work comes first.
  }
}

/** The board of a ground as read last; without a division the one read last of all. */
export function lastBoard(account: string, division: string, category: string): KeptBoard | null {
  const kept = keptOf(account);
  return kept.find((one) => (division === '' || one.division === division) && one.category === category) ?? null;
}
