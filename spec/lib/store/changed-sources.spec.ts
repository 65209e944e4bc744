import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { finish, runWithPauses } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { ChangedSources } from '../../../lib/store/changed-sources.ts';
import type { CommitGroup } from '../../../lib/store/commit-group.ts';
import { operationKey, witnessedChange } from '../../../lib/store/log-keys.ts';
import { LogStore } from '../../../lib/store/log-store.ts';
import { markSource, sourceText } from '../../../lib/store/node-source.ts';
import { WitnessMarks } from '../../../lib/store/witness-marks.ts';

const [HELD, GONE, MADE] = ['ab', 'cd', 'ef'].map((pair) => pair.repeat(32)) as [string, string, string];

/** What becomes of sources: of operations that are held and not, of marks that wait, and of marks that do not. */
async function settled(
  sources: readonly string[],
  witnessed: ReadonlyMap<number, string> = new Map(),
  isMarking = true,
): Promise<{ after: (string | undefined)[]; isNoted: boolean }> {
  const storage = new MemoryStorage();
  await storage.open();
  await storage.commit([
    [operationKey(HELD), 'place'],
    witnessedChange(1, HELD),
    witnessedChange(2, GONE),
    witnessedChange(3, ''),
  ]);
  const marks = new WitnessMarks(storage, 1000);
  await marks.load();
  finish(marks.mark([[writeOf('n0', 'k', 1, 1)]], { takeSource: () => true }));
  marks.settle(true);
  const nodes = sources.map((source, at) => ({ soul: `n${at}`, source: source as string | undefined }));
  const graph = { changedSources: () => nodes } as unknown as CommitGroup;
  const changed = new ChangedSources(new LogStore(storage), isMarking ? marks : undefined);
  await runWithPauses(changed.settle(graph, witnessed));
  const { notes } = await marks.oldest(9);
  return { after: nodes.map(({ source }) => source), isNoted: notes!('n0') };
}

describe('store.changed-sources', () => {
  it('are noted where their operations are held', async () => {
    const { after } = await settled([sourceText(HELD, false), sourceText(GONE, true)]);
    expect(after).to.deep.equal([sourceText(HELD, false), undefined]);
  });

  it('of marks are noted by the operations that witnessed these', async () => {
    const { after, isNoted } = await settled([1, 2, 3, 77].map(markSource));
    expect(after).to.deep.equal([sourceText(HELD, true), undefined, undefined, undefined]);
    expect(isNoted).to.equal(false);
  });

  it('ask for the operation of a number once, while it is held', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([[operationKey(HELD), 'place'], witnessedChange(1, HELD)]);
    let asked = 0;
    const store = new LogStore(storage);
    const counting = {
      heldSteps: (ids: readonly string[]) => store.heldSteps(ids),
      witnessSteps: (number: number) => {
        asked += 1;
        return store.witnessSteps(number);
      },
    } as unknown as LogStore;
    const changed = new ChangedSources(counting, undefined);
    const sourceNow = async (): Promise<string | undefined> => {
      const node = { soul: 'n', source: markSource(1) as string | undefined };
      const graph = { changedSources: () => [node] } as unknown as CommitGroup;
      await runWithPauses(changed.settle(graph, new Map()));
      return node.source;
    };
    expect([await sourceNow(), await sourceNow(), asked]).to.deep.equal([
      sourceText(HELD, true),
      sourceText(HELD, true),
      1,
    ]);
    await storage.commit([[operationKey(HELD), undefined]]);
    expect(await sourceNow()).to.equal(undefined);
  });

  it('of marks that wait are left to the operation that will be made, unless this commit makes it', async () => {
    const waiting = markSource(4);
    expect(await settled([waiting])).to.deep.equal({ after: [undefined], isNoted: true });
    const made = await settled([waiting], new Map([[4, MADE]]));
    expect(made).to.deep.equal({ after: [sourceText(MADE, true)], isNoted: false });
    expect(await settled([waiting], new Map([[4, '']]))).to.deep.equal({
      after: [undefined],
      isNoted: false,
    });
    expect((await settled([waiting], new Map(), false)).after).to.deep.equal([undefined]);
  });

  it('are looked at some at a time', async () => {
    const many = Array.from({ length: 500 }, (_, at) => sourceText(at % 2 === 0 ? HELD : GONE, true));
    const { after } = await settled(many);
    expect(after.filter((source) => source !== undefined)).to.have.lengthOf(250);
  });
});
