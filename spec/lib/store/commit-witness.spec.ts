import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { failure, success } from '../../../lib/base/result.ts';
import { runWithPauses } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { createOperation, FIRST_PLACE } from '../../../lib/log/operation.ts';
import { CommitWitness, type CommitSigner, type WitnessedNow } from '../../../lib/store/commit-witness.ts';
import { ForkMarks } from '../../../lib/store/fork-marks.ts';
import { LogGroup } from '../../../lib/store/log-group.ts';
import { LogStore } from '../../../lib/store/log-store.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { WitnessMarks } from '../../../lib/store/witness-marks.ts';
import { authorOf, LOG_ID, TOPIC } from '../../support/log-maker.ts';

const author = authorOf(7);
const [a, b] = [writeOf('s', 'a', 1, 1), writeOf('s', 'b', 1, 1)];

/** One commit that is witnessed, with what is told of it. */
function commitWith(changes: Partial<CommitSigner> = {}) {
  const told: WitnessedNow[] = [];
  const storage = new MemoryStorage();
  const marks = new WitnessMarks(storage, 10_000);
  const group = new LogGroup(
    new LogStore(storage),
    new ForkMarks(storage, 'tolerate'),
    (id) => id === toHex(LOG_ID),
  );
  const signer: CommitSigner = {
    name: { author: toHex(author.publicKey), log: toHex(LOG_ID) },
    takes: () => true,
    sign: (_, body) => ({
      ok: true,
      value: createOperation(author, FIRST_PLACE, { logId: LOG_ID, timestamp: 1n, prune: false }, body),
    }),
    witnessed: (now) => told.push(now),
    ...changes,
  };
  const witness = new CommitWitness(marks, signer);
  const run = async (...batches: (readonly (typeof a)[])[]): Promise<Change[]> => {
    await storage.open();
    await runWithPauses(witness.witness(batches, () => group, { takeSource: () => false }));
    const marked: Change[] = [];
    witness.appendMarks(marked);
    return marked;
  };
  return { witness, marks, told, run };
}

describe('store.commit-witness', () => {
  it('appends what changed to the log within the commit, without a mark, and tells it when that is durable', async () => {
    const { witness, told, run } = commitWith();
    expect(await run([a], [b])).to.deep.equal([]);
    expect([witness.operations, told]).to.deep.equal([1, []]);
    expect([...witness.signed.keys()]).to.deep.equal([1]);
    witness.settle(true);
    expect(told).to.have.lengthOf(1);
    expect(told[0]).to.deep.include({ writes: 2, fault: undefined });
    expect(told[0]!.head).to.include({ first: 0, height: 0 });
  });

  it('tells nothing of a commit that failed', async () => {
    const { witness, told, run } = commitWith();
    await run([a]);
    witness.settle(false);
    expect(told).to.deep.equal([]);
  });

  it('marks what waits for others', async () => {
    const { witness, marks, told, run } = commitWith({ takes: (writes) => writes > 2 });
    expect(await run([a], [b])).to.have.lengthOf(1);
    witness.settle(true);
    expect([marks.size, told]).to.deep.equal([1, []]);
  });

  it('marks what cannot be signed or has no place in the log, and tells why', async () => {
    const fields = { logId: TOPIC, timestamp: 1n, prune: false };
    for (const sign of [
      () => failure('no key'),
      () => success(createOperation(author, FIRST_PLACE, fields, undefined)),
    ]) {
      const { witness, marks, told, run } = commitWith({ sign });
      expect(await run([a, b])).to.have.lengthOf(1);
      witness.settle(true);
      expect(marks.size).to.equal(1);
      expect(told[0]).to.include({ writes: 0, head: undefined });
      expect(told[0]!.fault).to.be.a('string');
    }
  });

  it('leaves out what somebody else says in the same commit', async () => {
    const { witness, told, run } = commitWith();
    witness.heard([a, writeOf('s', 'b', 2, 1)]);
    await run([a], [b]);
    witness.settle(true);
    expect(told[0]).to.include({ writes: 1 });
    const other = commitWith();
    other.witness.heard([a, b]);
    expect(await other.run([a], [b])).to.deep.equal([]);
    other.witness.settle(true);
    expect([other.told, other.marks.size]).to.deep.equal([[], 0]);
  });
});
