import { expect } from 'chai';
import type { KeptOperation } from '../../../lib/api/author-log.ts';
import { AuthorRecovery } from '../../../lib/api/author-recovery.ts';
import type { Ask, Uplink } from '../../../lib/api/uplink.ts';
import { encodeLogAnswer } from '../../../lib/wire/log-question.ts';

const NAME = { author: 'a'.repeat(64), log: 'b'.repeat(64) };

/** A peer that says nothing, and one whose link ends. */
const SILENT = -1;
const ENDS = -2;

/** A peer that gives some operations for each question, here numbers. */
class Source {
  isClosed = false;
  readonly asked: number[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get uplink(): Uplink {
    return this as unknown as Uplink;
  }

  ask(ask: Ask): void {
    const { op } = JSON.parse(`{"#":"i"${ask.more}}`) as { readonly op: { readonly down: number } };
    this.asked.push(op.down);
    const length = Math.min(this.#most, op.down + 1);
    const down = Array.from({ length }, (_, at) => [Buffer.from([op.down - at]).toString('base64url'), 'AA']);
    const json = encodeLogAnswer({ tip: 'x', at: [], down: down as [string, string][] });
    this.isClosed = this.#most === ENDS;
    if (this.#most !== ENDS) ask.answered(this.#most === SILENT, this.#most === SILENT ? undefined : json);
  }
}

/** A log that lacks what is below a place. */
class Lacking {
  readonly name = NAME;
  first: number;

  constructor(first: number) {
    this.first = first;
  }

  async missing(from: number): Promise<number | undefined> {
    return this.first > from ? this.first - 1 : undefined;
  }

  /** Tells again and again. */
  onStatus(listener: () => void): () => void {
    const timer = setInterval(listener, 0);
    return () => clearInterval(timer);
  }

  async keep(shown: readonly KeptOperation[]): Promise<void> {
    for (const { header } of shown) if (header[0] === this.first - 1) this.first -= 1;
  }
}

describe('AuthorRecovery', () => {
  it('asks a peer from above until nothing is missing', async () => {
    const [log, source] = [new Lacking(10), new Source(4)];
    const recovery = new AuthorRecovery(log);
    recovery.shown(source.uplink, 20);
    expect(await recovery.recover(3)).to.equal(true);
    expect(source.asked).to.deep.equal([9, 5]);
    expect(await recovery.recover(0)).to.equal(true);
    expect(await recovery.recover(0)).to.equal(true);
    expect(source.asked).to.deep.equal([9, 5, 1]);
  });

  it('asks another one when the first has no more, says nothing, or is gone', async () => {
    const log = new Lacking(10);
    const sources = [SILENT, 0, ENDS, 99].map((most) => new Source(most));
    const recovery = new AuthorRecovery(log);
    for (const source of sources) recovery.shown(source.uplink, 20);
    expect(await recovery.recover(0)).to.equal(true);
    expect(sources.map(({ asked }) => asked)).to.deep.equal([[9], [9], [9], [9]]);
  });

  it('asks nobody who is gone or has not shown the place, and tells that something is missing', async () => {
    const [log, gone, short] = [new Lacking(10), new Source(99), new Source(99)];
    const recovery = new AuthorRecovery(log);
    expect(await recovery.recover(0)).to.equal(false);
    recovery.shown(gone.uplink, 20);
    gone.isClosed = true;
    recovery.shown(short.uplink, 8);
    expect(await recovery.recover(0)).to.equal(false);
    expect([gone.asked, short.asked]).to.deep.equal([[], []]);
  });
});
