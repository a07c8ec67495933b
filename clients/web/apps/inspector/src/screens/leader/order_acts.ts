// What is decided about an order that exists, and the rpc that carries it.
import type { SupervisionOrderJson } from '@gridwarden/proto';

export type OrderAct = 'issue' | 'decline' | 'accept' | 'notEnough' | 'lift';

/** Orders are due in the evening of the day that was chosen, by China's one clock. */
export const limitOf = (date: string) => `${date}T18:00:00+08:00`;

export function orderCall(order: SupervisionOrderJson, act: OrderAct, words: string, limitDate: string) {
  const about = { name: order.name, etag: order.etag ?? '' };
  switch (act) {
    case 'issue':
      return { rpc: 'IssueOrder', request: { ...about, demand: words, ...(limitDate ? { limitTime: limitOf(limitDate) } : {}) } } as const;
    case 'decline':
      return { rpc: 'IssueOrder', request: { ...about, decline: true, reason: words } } as const;
    case 'accept':
    case 'notEnough':
      return { rpc: 'AcceptOrder', request: { ...about, accept: act === 'accept', reason: words } } as const;
    case 'lift':
      return { rpc: 'LiftOrder', request: { ...about, reason: words } } as const;
  }
}
