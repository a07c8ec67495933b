// Whether a phone is still open. What it does by itself ends with it; work that nobody waits for may fail once it is closed.
export class Life {
  closed = false;
  private readonly stops: (() => void)[] = [];

  /** Called when the phone is closed. */
  atEnd(stop: () => void): void {
    if (this.closed) stop();
    else this.stops.push(stop);
  }

  /** Answers whether it was open. */
  end(): boolean {
    if (this.closed) return false;
    this.closed = true;
    for (const stop of this.stops.splice(0)) stop();
    return true;
  }

  /** Work that nobody waits for: when the phone was closed under it, that is no fault. */
  quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.closed) console.error(error);
    });
  }
}
