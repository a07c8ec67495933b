// What the tabs of one account tell each other.
import type { SyncStatus } from './contract';
import type { Life } from './life';

export type Said = { type: 'changed' } | { type: 'please_sync' } | { type: 'status'; status: SyncStatus; names: boolean };

export class TabChannel {
  private readonly channel: BroadcastChannel | null;

  constructor(
    name: string,
    private readonly life: Life,
  ) {
    this.channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
    life.atEnd(() => this.channel?.close());
  }

  say(what: Said): void {
    if (!this.life.closed) this.channel?.postMessage(what);
  }

  hear(listener: (said: Said) => void): void {
    if (this.channel === null) return;
    this.channel.onmessage = (event) => {
      if (!this.life.closed) listener(event.data as Said);
    };
  }
}
