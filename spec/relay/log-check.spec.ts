import { expect } from 'chai';
import { toHex } from '../../lib/base/byte-texts.ts';
import { namesOf, type Operation } from '../../lib/log/operation.ts';
import type { OperationBytes } from '../../lib/log/sequence.ts';
import type { HeadReport, LogAccess } from '../../relay/log-access.ts';
import { verifyLog } from '../../relay/log-check.ts';
import { authorOf, logOf } from '../support/log-maker.ts';

/** A log that may grow whenever somebody looks at its head. */
class GrowingLog implements LogAccess {
  readonly #log: readonly Operation[];
  readonly #steps: number[];

  constructor(log: readonly Operation[], lengths: readonly number[]) {
    this.#log = log;
    this.#steps = [...lengths];
  }

  head(length: number): HeadReport {
    const { header } = this.#log[length - 1]!;
    const tip = toHex(header.id);
    const names = namesOf(this.#log[0]!);
    return {
      author: names.author,
      log: names.log,
      first: 0,
      height: length - 1,
      tip,
      side: undefined,
      operations: length,
    };
  }

  async *heads(): AsyncGenerator<HeadReport> {
    const length = this.#steps.shift();
    if (length !== undefined) yield await Promise.resolve(this.head(length));
  }

  async *operations(): AsyncGenerator<OperationBytes> {
    for (const { header, body } of this.#log) yield await Promise.resolve({ header: header.bytes, body });
  }

  blame(): never {
    throw new Error('not here');
  }

  import(): never {
    throw new Error('not here');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('relay log check', () => {
  const log = logOf(authorOf(1), 5);

  it('finds a whole log whole, and counts its operations', async () => {
    const logs = new GrowingLog(log, []);
    let count = 0;
    const verdict = await verifyLog(logs, logs.head(5), () => (count += 1));
    expect(verdict).to.deep.include({ operations: 5, faults: [] });
    expect(count).to.equal(5);
  });

  it('looks again at a log that has grown under it', async () => {
    const logs = new GrowingLog(log, [5]);
    expect((await verifyLog(logs, logs.head(4), () => undefined)).faults).to.deep.equal([]);
  });

  it('does not look again at one that stands still, is gone, or never stands still', async () => {
    for (const lengths of [[3], [], [2, 3, 4, 5, 5]]) {
      const logs = new GrowingLog(log, lengths);
      expect(
        (await verifyLog(logs, logs.head(3), () => undefined)).faults,
        String(lengths),
      ).to.not.deep.equal([]);
    }
  });

  it('tells so many faults and no more', async () => {
    const other = logOf(authorOf(2), 300);
    const logs = new GrowingLog(other, []);
    const claim = { ...logs.head(300), author: 'ab'.repeat(32) };
    const { faults, operations } = await verifyLog(logs, claim, () => undefined);
    expect(operations).to.equal(300);
    expect(faults).to.have.lengthOf(100);
  });
});
