import { expect } from 'chai';
import type { RawEntry, RawRange } from '../../adapters/level-raw.ts';
import { salvage } from '../../adapters/level-salvage.ts';
import { compareBytes, fromUtf8, utf8 } from '../../lib/base/bytes.ts';

const STEP = 500;

/** A database whose walks end where they meet damage, as LevelDB's do: the step that meets it gives nothing. */
class DamagedLevel {
  readonly #keys: readonly Uint8Array[];
  readonly #isDamaged: (key: string) => boolean;

  constructor(keys: readonly string[], isDamaged: (key: string) => boolean) {
    this.#keys = keys.map(utf8).toSorted(compareBytes);
    this.#isDamaged = isDamaged;
  }

  async *walk({ from, to, reverse, step = STEP }: RawRange = {}): AsyncGenerator<RawEntry> {
    const above = this.#keys.filter((key) => from === undefined || compareBytes(key, from) >= 0);
    const ordered = reverse === true ? this.#keys.toReversed() : above;
    const below = ordered.filter((key) => reverse !== true || to === undefined || compareBytes(key, to) < 0);
    const isInside = (key: Uint8Array): boolean =>
      (from === undefined || compareBytes(key, from) >= 0) && (to === undefined || compareBytes(key, to) < 0);
    for (let at = 0; at < below.length; at += step) {
      const page = below.slice(at, at + step);
      // Damage is met before it shows that it lies beyond the end of the range.
      const end = page.findIndex((key) => !isInside(key));
      const seen = end < 0 ? page : page.slice(0, end + 1);
      if (seen.some((key) => this.#isDamaged(fromUtf8(key)))) throw new Error('Corruption');
      yield* seen.filter(isInside).map((key): RawEntry => [key, utf8('value')]);
      if (end >= 0) return;
    }
  }
}

const KEYS = Array.from({ length: 2000 }, (_, at) => `${'abcd'[at % 4]}/${(at * 37) % 1000}/${at}`);

async function saved(isDamaged: (key: string) => boolean): Promise<string[]> {
  const raw = new DamagedLevel(KEYS, isDamaged);
  const found: string[] = [];
  await salvage(raw, async ([key]) => void found.push(fromUtf8(key)));
  expect(new Set(found).size, 'each once').to.equal(found.length);
  return found;
}

describe('salvage', () => {
  it('reads all of a sound database', async () => {
    expect(await saved(() => false)).to.have.members(KEYS);
  });

  it('reads everything around one damaged entry, wherever it lies', async () => {
    for (const damaged of [...KEYS].toSorted().filter((_, at) => at % 191 === 0 || at === 1999)) {
      const found = await saved((key) => key === damaged);
      expect(found, damaged).to.have.members(KEYS.filter((key) => key !== damaged));
    }
  });

  it('reads nearly everything around several damaged entries', async () => {
    for (const count of [2, 5, 20]) {
      const damaged = new Set(KEYS.filter((_, at) => at % Math.floor(2000 / count) === 7));
      const found = await saved((key) => damaged.has(key));
      expect(found.length, `${count}`).to.be.at.least(KEYS.length - 12 * count);
      expect(found.some((key) => damaged.has(key))).to.equal(false);
    }
  });

  it('ends when nothing can be read', async () => {
    expect(await saved(() => true)).to.deep.equal([]);
  });
});
