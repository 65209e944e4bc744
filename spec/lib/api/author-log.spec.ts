import { expect } from 'chai';
import { AuthorLog, type KeptOperation, type Meeting, type RemoteLog } from '../../../lib/api/author-log.ts';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { keyOf } from '../../support/author-apps.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { TOPIC } from '../../support/log-maker.ts';

/** The log of one author in one place. */
class Replica {
  readonly records = new MemoryStorage();
  readonly log = new AuthorLog({ signer: keyOf(1), topic: TOPIC, clock: () => 5 });
  readonly operations: Operation[] = [];

  async open(): Promise<this> {
    await this.records.open();
    return this;
  }

  /** Says so many things, each of them different from what is said elsewhere. */
  async say(name: string, count: number): Promise<this> {
    for (let at = 0; at < count; at += 1) {
      const body = bodyOf([writeOf('s', name, 5, at)]);
      const { operation, changes } = await this.log.append(this.records, body);
      await this.records.commit(changes);
      this.operations.push(operation);
    }
    return this;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    await this.records.commit(changes);
  }

  get ids(): string[] {
    return this.operations.map((operation) => namesOf(operation).id);
  }

  /** As a peer shows it. */
  get remote(): RemoteLog {
    const at = new Map(this.ids.map((id, sequence) => [sequence, id]));
    return { tip: this.operations.at(-1)!.header, at };
  }

  async height(): Promise<number> {
    return (await this.log.head(this.records))?.height ?? -1;
  }
}

/** Another place that has had the same so far. */
async function copyOf(replica: Replica): Promise<Replica> {
  const copy = await new Replica().open();
  for (const operation of replica.operations) {
    copy.operations.push(operation);
    const { changes } = await copy.log.append(copy.records, operation.body!);
    await copy.commit(changes);
  }
  return copy;
}

async function taken(replica: Replica, meeting: Meeting): Promise<Extract<Meeting, { kind: 'taken' }>> {
  if (meeting.kind !== 'taken') throw new Error(meeting.kind);
  await replica.commit(meeting.changes);
  return meeting;
}

describe('AuthorLog', () => {
  let here: Replica;

  beforeEach(async () => {
    here = await new Replica().open();
  });

  it('grows by one operation after the other, and gives them back', async () => {
    expect(await here.log.head(here.records)).to.equal(undefined);
    await here.say('a', 3);
    expect(here.operations.map(({ header }) => header.sequence)).to.deep.equal([0, 1, 2]);
    expect(here.operations[2]!.header.backlink).to.deep.equal(here.operations[1]!.header.id);
    const { header, body } = here.operations[1]!;
    expect(await here.log.operationAt(here.records, 1)).to.deep.equal({ header: header.bytes, body });
    expect(await here.log.operationAt(here.records, 3)).to.equal(undefined);
    expect(await here.log.head(here.records)).to.include({ first: 0, height: 2, tip: here.ids[2] });
    expect(await here.log.storedHeight(here.records)).to.equal(-1);
    await here.commit([here.log.noteStored(2)]);
    expect(await here.log.storedHeight(here.records)).to.equal(2);
  });

  it('gives a peer what it lacks', async () => {
    await here.say('a', 3);
    const there = await copyOf(here);
    await here.say('b', 2);
    expect(await here.log.meet(here.records, undefined)).to.deep.equal({ kind: 'give', from: 0, until: 4 });
    expect(await here.log.meet(here.records, there.remote)).to.deep.equal({
      kind: 'give',
      from: 3,
      until: 4,
    });
    expect(await here.log.meet(here.records, here.remote)).to.deep.equal({ kind: 'give', from: 5, until: 4 });
  });

  it('goes on behind what it said elsewhere, when its records are old or gone', async () => {
    await here.say('a', 3);
    const restored = await copyOf(here);
    await here.say('b', 2);
    const { renewed } = await taken(restored, await restored.log.meet(restored.records, here.remote));
    expect(renewed).to.deep.equal([]);
    expect(await restored.log.head(restored.records)).to.include({ first: 4, height: 4, tip: here.ids[4] });
    await restored.say('c', 1);
    expect(restored.operations.at(-1)!.header.backlink).to.deep.equal(here.operations[4]!.header.id);
    const empty = await new Replica().open();
    await taken(empty, await empty.log.meet(empty.records, here.remote));
    expect(await empty.height()).to.equal(4);
    expect(await empty.log.storedHeight(empty.records)).to.equal(4);
  });

  it('says anew behind that what nobody has got yet', async () => {
    await here.say('a', 3);
    const restored = await copyOf(here);
    await restored.commit([restored.log.noteStored(2)]);
    await here.say('b', 2);
    await restored.say('offline', 3);
    const gone = restored.ids.slice(3);
    const { renewed } = await taken(restored, await restored.log.meet(restored.records, here.remote));
    expect(renewed.map(({ was }) => was)).to.deep.equal(gone);
    expect(renewed.map(({ operation }) => operation.header.sequence)).to.deep.equal([5, 6, 7]);
    expect(renewed.map(({ operation }) => operation.body)).to.deep.equal(
      restored.operations.slice(3).map(({ body }) => body),
    );
    expect(renewed[0]!.operation.header.backlink).to.deep.equal(here.operations[4]!.header.id);
    expect(await restored.log.idAt(restored.records, 3)).to.equal(undefined);
    expect(await restored.height()).to.equal(7);
    expect(toHex((await restored.log.operationAt(restored.records, 7))!.header)).to.equal(
      toHex(renewed[2]!.operation.header.bytes),
    );
  });

  it('says nothing twice that the peer has already, though nobody noted that it does', async () => {
    await here.say('a', 3);
    const restored = await copyOf(here);
    await here.say('b', 2);
    await restored.say('offline', 1);
    const { renewed } = await taken(restored, await restored.log.meet(restored.records, here.remote));
    expect(renewed.map(({ operation }) => operation.header.sequence)).to.deep.equal([5]);
  });

  it('says everything anew that an empty one said before it knew', async () => {
    await here.say('a', 3);
    const fresh = await (await new Replica().open()).say('fresh', 5);
    const { renewed } = await taken(fresh, await fresh.log.meet(fresh.records, here.remote));
    expect(renewed.map(({ operation }) => operation.header.sequence)).to.deep.equal([3, 4, 5, 6, 7]);
  });

  it('is forked when peers have different things of it', async () => {
    await here.say('a', 3);
    const other = await copyOf(here);
    await here.say('b', 2);
    await other.say('c', 1);
    await other.commit([other.log.noteStored(3)]);
    expect(await other.log.meet(other.records, here.remote)).to.deep.equal({ kind: 'forked' });
    await other.say('c', 4);
    expect(await other.log.meet(other.records, here.remote)).to.deep.equal({ kind: 'forked' });
  });

  describe('of which something is not here any more', () => {
    let restored: Replica;
    let kept: KeptOperation[];

    beforeEach(async () => {
      await here.say('a', 3);
      restored = await copyOf(here);
      await here.say('b', 5);
      await taken(restored, await restored.log.meet(restored.records, here.remote));
      kept = here.operations.map(({ header, body }) => ({ header: header.bytes, body }));
    });

    async function put(...shown: KeptOperation[]): Promise<void> {
      await restored.commit(await restored.log.putBelow(restored.records, shown));
    }

    async function first(): Promise<number | undefined> {
      return (await restored.log.head(restored.records))?.first;
    }

    it('takes it back from above, and finds what it has of old', async () => {
      expect(await restored.log.missing(restored.records, 0)).to.equal(7);
      await put(kept[7]!);
      expect([await first(), await restored.log.missing(restored.records, 0)]).to.deep.equal([7, 6]);
      expect(await restored.log.missing(restored.records, 7)).to.equal(undefined);
      await put(kept[6]!, kept[5]!, kept[4]!);
      expect(await first()).to.equal(4);
      await put(kept[3]!);
      expect([await first(), await restored.log.missing(restored.records, 0)]).to.deep.equal([0, undefined]);
      for (const [at, operation] of kept.entries())
        expect(await restored.log.operationAt(restored.records, at)).to.deep.equal(operation);
      expect(await restored.log.putBelow(restored.records, kept)).to.deep.equal([]);
    });

    it('takes nothing that does not fit', async () => {
      const other = await (await new Replica().open()).say('other', 8);
      const others = other.operations.map(({ header, body }) => ({ header: header.bytes, body }));
      const changed = { header: kept[7]!.header, body: kept[6]!.body };
      const bare = { header: kept[7]!.header, body: undefined };
      const broken = { header: kept[7]!.header.slice(1), body: kept[7]!.body };
      for (const shown of [...others, kept[6]!, kept[0]!, changed, bare, broken]) {
        await put(shown);
        expect([await first(), await restored.log.missing(restored.records, 0)]).to.deep.equal([7, 7]);
      }
      await put(kept[7]!, others[6]!, kept[6]!, kept[4]!, kept[5]!);
      expect(await first()).to.equal(5);
      expect(await restored.log.missing(restored.records, 0)).to.equal(4);
    });

    it('has nothing to take back where nothing was said', async () => {
      const empty = await new Replica().open();
      expect(await empty.log.missing(empty.records, 0)).to.equal(undefined);
      expect(await empty.log.putBelow(empty.records, kept)).to.deep.equal([]);
    });
  });

  it('is not taken for forked because a peer hides how its log belongs to this one', async () => {
    await here.say('a', 3);
    const restored = await copyOf(here);
    await restored.commit([restored.log.noteStored(2)]);
    await here.say('b', 2);
    const { tip } = here.remote;
    const hidden = { tip, at: new Map([[tip.sequence, toHex(tip.id)]]) };
    expect(await restored.log.meet(restored.records, hidden)).to.deep.equal({ kind: 'unclear' });
    await restored.say('c', 1);
    expect(await restored.log.meet(restored.records, hidden)).to.deep.equal({ kind: 'unclear' });
    // What it hides another one shows.
    const { renewed } = await taken(restored, await restored.log.meet(restored.records, here.remote));
    expect(renewed.map(({ operation }) => operation.header.sequence)).to.deep.equal([5]);
  });

  it('is forked when a peer shows an older place with something else at it', async () => {
    await here.say('a', 3);
    const other = await (await new Replica().open()).say('other', 1);
    const at = new Map([
      [0, other.ids[0]!],
      [2, here.ids[2]!],
    ]);
    expect(await here.log.meet(here.records, { tip: other.remote.tip, at })).to.deep.equal({
      kind: 'forked',
    });
  });
});
