import { expect } from 'chai';
import * as fc from 'fast-check';
import { SaidHashes, type HashesVerdict } from '../../../lib/sync/said-hashes.ts';
import { seeded } from '../../support/arbitraries.ts';
import { bytes, hashes, partHashes } from '../../support/log-sessions.ts';

const OWN = hashes(5);
const OTHERS = partHashes((part) => (part === 3 ? 6 : 5));

function sideWith(saysParts: boolean): SaidHashes {
  const said = new SaidHashes(true);
  said.say({ ...OWN, saysParts });
  return said;
}

/** One side of a line as the exchange has it: what it sends, and whether it shows all, or what is unequal. */
class Side {
  readonly #said: SaidHashes;
  readonly #own: ReturnType<typeof hashes>;
  readonly #saysParts: boolean;
  readonly sent: (readonly [type: 'digest' | 'parts' | 'all' | 'some', Uint8Array])[] = [];
  shown: string | undefined;

  constructor(own: ReturnType<typeof hashes>, saysParts: boolean) {
    this.#said = new SaidHashes(true);
    this.#own = own;
    this.#saysParts = saysParts;
  }

  start(): void {
    this.sent.push(['digest', this.#own.digest]);
    this.#follow(this.#said.say({ ...this.#own, saysParts: this.#saysParts }));
  }

  hear([type, of]: Side['sent'][number]): void {
    if (type === 'digest') this.#follow(this.#said.hearDigest(of));
    else if (type === 'parts') this.#follow(this.#said.hearParts(of));
    else if (this.shown === undefined) this.#show('all');
  }

  #follow(verdict: HashesVerdict): void {
    if (verdict.is === 'asked') this.sent.push(['parts', this.#own.parts]);
    if (verdict.is === 'equal') this.shown = 'nothing';
    if (verdict.is === 'unequal') this.#show('all');
    if (verdict.is === 'partly') this.#show('some');
    expect(verdict.is).to.not.equal('fault');
  }

  #show(shown: 'all' | 'some'): void {
    this.shown = shown;
    this.sent.push([shown, new Uint8Array(0)]);
  }
}

describe('sync.said-hashes', () => {
  it('come to nothing before both sides have said their digest, and tell equal ones', () => {
    const said = new SaidHashes(true);
    expect(said.say({ ...OWN, saysParts: true })).to.deep.equal({ is: 'open' });
    expect(said.hearDigest(bytes(5))).to.deep.equal({ is: 'equal' });
    const late = new SaidHashes(true);
    expect(late.hearDigest(bytes(5))).to.deep.equal({ is: 'open' });
    expect(late.say({ ...OWN, saysParts: true })).to.deep.equal({ is: 'equal' });
  });

  it('ask a side with many logs for its parts, and let one with few show all of them', () => {
    expect(sideWith(true).hearDigest(bytes(6))).to.deep.equal({ is: 'asked' });
    expect(sideWith(false).hearDigest(bytes(6))).to.deep.equal({ is: 'unequal' });
  });

  it('tell the parts that are equal, to a side that said its own', () => {
    const said = sideWith(true);
    said.hearDigest(bytes(6));
    const verdict = said.hearParts(OTHERS);
    if (verdict.is !== 'partly') throw new Error(verdict.is);
    const all = Array.from({ length: 256 }, (_, part) => part);
    expect(all.filter((part) => !verdict.equal.has(part))).to.deep.equal([3]);
    const few = sideWith(false);
    few.hearDigest(bytes(6));
    expect(few.hearParts(OTHERS)).to.deep.equal({ is: 'open' });
  });

  it('are a fault when they come twice, too early, or to a side that takes none', () => {
    const fault = { is: 'fault' };
    const twice = sideWith(true);
    twice.hearDigest(bytes(6));
    expect(twice.hearDigest(bytes(6))).to.deep.equal(fault);
    twice.hearParts(OTHERS);
    expect(twice.hearParts(OTHERS)).to.deep.equal(fault);
    expect(sideWith(true).hearParts(OTHERS)).to.deep.equal(fault);
    const equal = sideWith(true);
    equal.hearDigest(bytes(5));
    expect(equal.hearParts(OTHERS)).to.deep.equal(fault);
    const silent = new SaidHashes(true);
    silent.hearDigest(bytes(6));
    expect(silent.hearParts(OTHERS)).to.deep.equal(fault);
    const plain = new SaidHashes(false);
    plain.say({ ...OWN, saysParts: false });
    plain.hearDigest(bytes(6));
    expect(plain.hearParts(OTHERS)).to.deep.equal(fault);
  });

  it('make both sides show the same kind, however few logs either has and however frames cross', () => {
    const order = fc.infiniteStream(fc.boolean());
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), order, (one, other, areEqual, turns) => {
        const sides = [new Side(OWN, one), new Side(areEqual ? OWN : hashes(6), other)] as const;
        const read = [0, 0];
        const hasStarted = [false, false];
        const step = (at: 0 | 1): void => {
          const heard = sides[1 - at]!.sent[read[at]!];
          if (!hasStarted[at]) sides[at].start();
          else if (heard !== undefined) sides[at].hear(heard);
          if (hasStarted[at] && heard !== undefined) read[at]! += 1;
          hasStarted[at] = true;
        };
        for (let turn = 0; turn < 20; turn += 1) step(turns.next().value === true ? 0 : 1);
        for (let turn = 0; turn < 20; turn += 1) step(turn % 2 === 0 ? 0 : 1);
        const many = one && other ? 'some' : 'all';
        const shown = areEqual ? 'nothing' : many;
        expect(sides.map((side) => side.shown)).to.deep.equal([shown, shown]);
      }),
      seeded(300),
    );
  });
});
