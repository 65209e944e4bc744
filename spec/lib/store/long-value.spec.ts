import { expect } from 'chai';
import * as fc from 'fast-check';
import { LevelStorage } from '../../../adapters/level.ts';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { limitsWith } from '../../../lib/base/limits.ts';
import { finish, Slices, type WaitingSteps } from '../../../lib/base/slices.ts';
import { lexBytes } from '../../../lib/graph/selector.ts';
import { toValueJson, type Value } from '../../../lib/graph/value.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { GraphStore } from '../../../lib/store/graph-store.ts';
import {
  decodeEntry,
  encodeEntry,
  encodeLong,
  fieldKey,
  nodeKey,
  type LongEntry,
  type LongValue,
} from '../../../lib/store/keys.ts';
import {
  appendPieces,
  appendRemoval,
  isInPieces,
  isLong,
  readPieces,
  wholeEntry,
} from '../../../lib/store/long-value.ts';
import { LARGE_RECORD } from '../../../lib/store/node-record.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { Writer } from '../../../lib/store/writer.ts';
import { aLongText, seeded } from '../../support/arbitraries.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { pieceKeys } from '../../support/loose-pieces.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;

function jsonOf(value: Value): string {
  return toValueJson(value)!;
}

/** The pieces of a value and what its record has. */
function cut(json: string): { readonly long: LongValue; readonly changes: Change[] } {
  const changes: Change[] = [];
  return { long: finish(appendPieces(changes, json)), changes };
}

const PLACE = { soul: 's', key: 'k' };

describe('store long values', () => {
  const slices = new Slices({ schedule: setImmediate });
  let storage: FaultyStorage;

  beforeEach(async () => {
    storage = new FaultyStorage(new MemoryStorage());
    await storage.open();
  });

  afterEach(() => storage.close());

  /** Stores a value in pieces; gives what its record has. */
  async function stored(json: string): Promise<LongEntry> {
    const { long, changes } = cut(json);
    changes.push([nodeKey(PLACE.soul), LARGE_RECORD]);
    changes.push([fieldKey('s', 'k'), encodeEntry(1, encodeLong(long))]);
    await storage.commit(changes);
    return decodeEntry((await storage.getText(fieldKey('s', 'k')))!) as LongEntry;
  }

  async function run<T>(steps: WaitingSteps<T>): Promise<T> {
    return slices.runWaiting(steps);
  }

  it('are those of more than two thousand characters', () => {
    expect(isLong(jsonOf('x'.repeat(2000)))).to.equal(false);
    expect(isLong(jsonOf('x'.repeat(2100)))).to.equal(true);
  });

  it('come back from their pieces, whatever they hold, and know their length', async () => {
    await fc.assert(
      fc.asyncProperty(aLongText(), fc.boolean(), async (text, late) => {
        storage.late = late;
        const json = jsonOf(text);
        const { long } = await stored(json);
        expect((await run(readPieces(storage, long))) === json).to.equal(true);
        expect([long.length, long.lexBytes]).to.deep.equal([json.length, lexBytes(json)]);
        expect(await run(isInPieces(storage, long, json))).to.equal(true);
      }),
      seeded(60),
    );
  });

  it('of links count what links count', () => {
    const json = jsonOf({ '#': 'x\\'.repeat(4000) });
    expect(cut(json).long.lexBytes).to.equal(9);
  });

  it('are cut into pieces of some ten thousand characters, never between two surrogates', () => {
    for (const before of ['', 'x']) {
      const json = jsonOf(before + '\u{1f600}'.repeat(50_000));
      const pieces = cut(json).changes.map(([, piece]) => piece as string);
      expect(pieces.join('') === json).to.equal(true);
      expect(Math.max(...pieces.map(({ length }) => length))).to.be.at.most(32_768);
      expect(pieces.some((piece) => LONE_SURROGATE.test(piece))).to.equal(false);
    }
  });

  it('count escapes that lie across two pieces once', () => {
    for (const escape of ['\\', '\u0000', '"']) {
      for (let before = 32_758; before < 32_770; before += 1) {
        const json = jsonOf(`${'x'.repeat(before)}${escape.repeat(9)}`);
        expect(cut(json).long.lexBytes).to.equal(before + 9);
      }
    }
  });

  it('never share their pieces with another, not even with the same value', () => {
    const json = jsonOf('x'.repeat(5000));
    expect(cut(json).long.id).to.not.equal(cut(json).long.id);
  });

  it('leave nothing behind when they are removed', async () => {
    const { long } = await stored(jsonOf('x'.repeat(100_000)));
    expect(await pieceKeys(storage)).to.have.length(4);
    const changes: Change[] = [];
    finish(appendRemoval(changes, long));
    await storage.commit(changes);
    expect(await pieceKeys(storage)).to.deep.equal([]);
    expect(await run(readPieces(storage, long))).to.equal(undefined);
  });

  it('are told from others of the same length', async () => {
    const json = jsonOf('x'.repeat(100_000));
    const { long } = await stored(json);
    for (const at of [1, 40_000, 100_000]) {
      const other = `${json.slice(0, at)}y${json.slice(at + 1)}`;
      expect(await run(isInPieces(storage, long, other))).to.equal(false);
    }
    expect(await run(isInPieces(storage, long, json.slice(1)))).to.equal(false);
    expect(await run(isInPieces(storage, long, `${json}y`))).to.equal(false);
  });

  it('are read and written over many turns when they are of megabytes', async () => {
    const impatient = new ImpatientSlices();
    const json = jsonOf('x'.repeat(8 << 20));
    const { long } = await stored(json);
    expect((await impatient.runWaiting(readPieces(storage, long))) === json).to.equal(true);
    expect(impatient.turns).to.be.greaterThan(30);
    const changes: Change[] = [];
    await impatient.runWaiting(appendPieces(changes, json));
    expect(impatient.turns).to.be.greaterThan(90);
  });

  describe('that are replaced while they are read', () => {
    for (const next of ['short', 'y'.repeat(100_000)]) {
      for (const step of [0, 1]) {
        it(`give what replaced them, here ${next.length} characters before request ${step} for pieces`, async () => {
          const found = await stored(jsonOf('x'.repeat(100_000)));
          const holds = Array.from({ length: step + 1 }, () => storage.hold('getTexts'));
          const reading = run(wholeEntry(storage, PLACE, found));
          for (const hold of holds.slice(0, -1)) hold.release();
          await holds[step]!.reached;
          const changes: Change[] = [];
          finish(appendRemoval(changes, found.long));
          if (next.length > 2000) await stored(jsonOf(next));
          else changes.push([fieldKey('s', 'k'), encodeEntry(2, jsonOf(next))]);
          await storage.commit(changes);
          holds[step]!.release();
          const whole = await reading;
          expect(whole.entry.json === jsonOf(next)).to.equal(true);
          expect(whole.lexBytes).to.equal(next.length);
        });
      }
    }

    it('are damaged when nothing replaced them', async () => {
      const found = await stored(jsonOf('x'.repeat(100_000)));
      const [, second] = await pieceKeys(storage);
      await storage.commit([[second!, undefined]]);
      let error: unknown;
      await run(wholeEntry(storage, PLACE, found)).catch((thrown: unknown) => (error = thrown));
      expect(error).to.be.instanceOf(GraphError);
      expect(error).to.have.property('code', 'STORAGE_FAILED');
    });
  });

  describe('in LevelDB', () => {
    const folder = temporaryFolders();

    it('come back after it was closed, in any script', async () => {
      const texts = ['x', '漢', '\u{1f600}', '"\\\n'].map((unit) => unit.repeat(300_000));
      const writes = texts.map((text, index) => writeOf('s', `k${index}`, 1, text));
      const location = await folder();
      const limits = limitsWith();
      const first = new LevelStorage({ location, durability: 'os' });
      await first.open();
      const graph = new GraphStore({ storage: first, limits });
      const writer = new Writer({ storage: first, graph, limits, schedule: setImmediate });
      await new Promise((settle) => writer.submit({ writes, owner: undefined, settle }));
      await writer.close();
      await first.close();
      const second = new LevelStorage({ location, durability: 'os' });
      await second.open();
      const again = new GraphStore({ storage: second, limits });
      const found = await Promise.all(writes.map(async ({ key }) => again.readField('s', key)));
      await second.close();
      expect(found.map((entry, index) => entry?.json === writes[index]!.json)).to.deep.equal([
        true,
        true,
        true,
        true,
      ]);
    });
  });
});
