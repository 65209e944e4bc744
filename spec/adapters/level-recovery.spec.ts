import { expect } from 'chai';
import { expectCode } from '../../adapters/conformance/storage-kit.ts';
import { LevelRecovery, type RecoverableDatabase } from '../../adapters/level-recovery.ts';
import { fromUtf8, utf8 } from '../../lib/base/bytes.ts';
import { GraphError } from '../../lib/base/errors.ts';
import type { Change } from '../../lib/store/storage.ts';
import { FakeClock } from '../support/fake-clock.ts';

type Bytes = Uint8Array | undefined;

const FULL = new Error('IO error: /data/000003.log: No space left on device');

/** A database whose log and memory can part: what a failed write left in the log shows after opening anew. */
class FakeDatabase implements RecoverableDatabase {
  readonly memory = new Map<string, string>();
  log = new Map<string, string>();
  reopened = 0;
  reopenFails: Error | undefined;

  async read(keys: readonly string[]): Promise<Bytes[]> {
    return keys.map((key) => (this.memory.has(key) ? utf8(this.memory.get(key)!) : undefined));
  }

  async reopen(): Promise<void> {
    this.reopened += 1;
    if (this.reopenFails !== undefined) throw this.reopenFails;
    this.memory.clear();
    for (const [key, value] of this.log) this.memory.set(key, value);
  }

  async write(changes: readonly (readonly [string, Bytes])[]): Promise<void> {
    for (const place of [this.memory, this.log]) {
      for (const [key, value] of changes) {
        if (value === undefined) place.delete(key);
        else place.set(key, fromUtf8(value));
      }
    }
  }
}

describe('LevelRecovery', () => {
  let database: FakeDatabase;
  let time: FakeClock;
  let isWritable: boolean;
  let probes: number;
  let recovery: LevelRecovery;

  beforeEach(() => {
    database = new FakeDatabase();
    time = new FakeClock();
    isWritable = true;
    probes = 0;
    recovery = new LevelRecovery({
      database,
      clock: time.clock,
      isWritable: async () => {
        probes += 1;
        return isWritable;
      },
    });
  });

  function commit(changes: readonly Change[]): Promise<void> {
    return recovery.run(changes, () =>
      database.write(changes.map(([key, value]) => [key, utf8(value as string)])),
    );
  }

  /** A commit that the disk refuses; `inLog` is what of it reached the log all the same. */
  async function refused(
    changes: readonly Change[],
    inLog: readonly Change[] = [],
    reason = FULL,
  ): Promise<GraphError> {
    const write = async (): Promise<void> => {
      for (const [key, value] of inLog) {
        if (value === undefined) database.log.delete(key);
        else database.log.set(key, value as string);
      }
      throw reason;
    };
    return (await recovery.run(changes, write).catch((error: unknown) => error)) as GraphError;
  }

  it('lets writes through while none fails', async () => {
    await commit([['a', '1']]);
    expect(recovery.isNeeded).to.equal(false);
    await recovery.recover();
    expect([probes, database.reopened]).to.deep.equal([0, 0]);
    expect(database.log).to.deep.equal(new Map([['a', '1']]));
  });

  it('tells a full disk from other reasons, with the cause', async () => {
    for (const text of ['No space left on device', 'Disk quota exceeded', 'File too large']) {
      const error = await refused([['a', '1']], [], new Error('outer', { cause: new Error(`x: ${text}`) }));
      expect(error.code, text).to.equal('STORAGE_FULL');
      expect(error.cause).to.be.instanceOf(Error);
      await recovery.recover();
      time.advance(1000);
    }
    expect((await refused([['a', '1']], [], new Error('Input/output error'))).code).to.equal(
      'STORAGE_FAILED',
    );
  });

  it('refuses every write after a failed one, without trying it', async () => {
    await refused([['a', '1']]);
    await expectCode('STORAGE_FULL', () => commit([['b', '1']]));
    expect(database.log.size).to.equal(0);
  });

  it('opens anew once the disk takes writes, and lets them through again', async () => {
    await refused([['a', '1']]);
    await recovery.recover();
    expect(database.reopened).to.equal(1);
    await commit([['b', '1']]);
    expect(database.memory).to.deep.equal(new Map([['b', '1']]));
  });

  it('asks the disk at most once a second, and leaves the database alone until it says yes', async () => {
    isWritable = false;
    await refused([['a', '1']]);
    for (let tries = 0; tries < 5; tries += 1) await expectCode('STORAGE_FULL', () => recovery.recover());
    expect(probes).to.equal(1);
    time.advance(999);
    await expectCode('STORAGE_FULL', () => recovery.recover());
    expect(probes).to.equal(1);
    time.advance(1);
    await expectCode('STORAGE_FULL', () => recovery.recover());
    expect([probes, database.reopened]).to.deep.equal([2, 0]);
    isWritable = true;
    time.advance(1000);
    await Promise.all([recovery.recover(), recovery.recover(), recovery.recover()]);
    expect([probes, database.reopened]).to.deep.equal([3, 1]);
  });

  it('undoes a refused commit that turns out to be in the log', async () => {
    await commit([
      ['changed', 'old'],
      ['deleted', 'old'],
      ['same', 'old'],
    ]);
    const changes: Change[] = [
      ['changed', 'new'],
      ['deleted', undefined],
      ['fresh', utf8('new')],
      ['same', 'old'],
    ];
    await refused(changes, [
      ['changed', 'new'],
      ['deleted', undefined],
      ['fresh', 'new'],
    ]);
    await recovery.recover();
    expect(Object.fromEntries(database.log)).to.deep.equal({ changed: 'old', deleted: 'old', same: 'old' });
  });

  it('tells damage when the database lost more than the refused commit', async () => {
    await commit([['count', '1']]);
    await commit([['count', '2']]);
    await refused([['count', '3']], [['count', '1']]);
    await expectCode('STORAGE_DAMAGED', () => recovery.recover());
    expect(recovery.isNeeded).to.equal(true);
    expect(database.log.get('count')).to.equal('1');
  });

  it('tries again when the database cannot be opened anew, and still knows what was there', async () => {
    await commit([['a', 'old']]);
    await refused([['a', 'new']], [['a', 'new']]);
    database.reopenFails = new GraphError('STORAGE_UNREADABLE', 'data', { cause: FULL });
    await expectCode('STORAGE_FULL', () => recovery.recover());
    database.memory.clear();
    time.advance(1000);
    database.reopenFails = new GraphError('STORAGE_LOCKED', 'data');
    await expectCode('STORAGE_LOCKED', () => recovery.recover());
    time.advance(1000);
    database.reopenFails = undefined;
    await recovery.recover();
    expect(database.log.get('a')).to.equal('old');
    await recovery.idle();
  });

  it('is idle when its try has ended, however it ended', async () => {
    isWritable = false;
    await refused([['a', '1']]);
    const outcome = recovery.recover().catch((error: unknown) => (error as GraphError).code);
    await recovery.idle();
    expect(await outcome).to.equal('STORAGE_FULL');
  });
});
