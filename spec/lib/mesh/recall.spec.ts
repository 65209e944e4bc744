import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { Recall, RecentSouls } from '../../../lib/mesh/recall.ts';

const MOST = 6;

function written(...souls: readonly string[]): RecentSouls {
  const recent = new RecentSouls(MOST);
  for (const soul of souls) recent.add(soul);
  return recent;
}

function recallOf(rememberedPeers = 10): Recall {
  return new Recall(limitsWith({ rememberedPeers, rememberedSouls: MOST }));
}

/** What a peer that comes is to be asked for. */
function asked(recall: Recall, pid: string): string[] {
  return [...recall.arrived(pid, written())].toSorted();
}

describe('mesh/recall', () => {
  describe('RecentSouls', () => {
    it('gives each soul once', () => {
      expect([...written('a', 'b', 'a').all()]).to.have.members(['a', 'b']);
      expect([...written().all()]).to.deep.equal([]);
    });

    it('holds no more than allowed, and among them the latest', () => {
      const recent = written();
      for (let i = 0; i < 100; i += 1) {
        recent.add(`s${i}`);
        const souls = recent.all();
        expect(souls.size).to.be.at.most(MOST);
        for (let back = 0; back < Math.min(i + 1, MOST / 2); back += 1) {
          expect(souls.has(`s${i - back}`)).to.equal(true);
        }
      }
    });

    it('counts long names as several and leaves out what is longer than all it may hold', () => {
      const recent = written('a', 'x'.repeat(256 * 2), 'y'.repeat(256 * MOST));
      expect([...recent.all()].map((soul) => soul.length)).to.have.members([1, 512]);
      recent.add('z'.repeat(256));
      recent.add('w'.repeat(256 * 2));
      expect([...recent.all()].map((soul) => soul[0])).to.not.include('a');
    });
  });

  it('remembers what a peer wrote until it comes back', () => {
    const recall = recallOf();
    recall.left('ann', written('a', 'b'));
    expect(asked(recall, 'bob')).to.deep.equal([]);
    expect(asked(recall, 'ann')).to.deep.equal(['a', 'b']);
  });

  it('remembers on when a peer leaves again before it could answer', () => {
    const recall = recallOf();
    recall.left('ann', written('a'));
    for (let i = 0; i < 3; i += 1) {
      const stay = written();
      expect([...recall.arrived('ann', stay)]).to.deep.equal(['a']);
      recall.left('ann', stay);
    }
  });

  it('adds up what a peer wrote in several stays, within its bound', () => {
    const recall = recallOf();
    recall.left('ann', written('a', 'b'));
    recall.left('ann', written('c'));
    expect(asked(recall, 'ann')).to.deep.equal(['a', 'b', 'c']);
    for (let i = 0; i < 20; i += 1) recall.left('bob', written(`n${i}`));
    const souls = asked(recall, 'bob');
    expect(souls).to.have.lengthOf(MOST).and.include('n19');
  });

  it('asks a peer whose old link has not been missed yet for what it wrote there', () => {
    const recall = recallOf();
    const before = written('a');
    recall.arrived('ann', before);
    before.add('b');
    expect(asked(recall, 'ann')).to.deep.equal(['a', 'b']);
    recall.left('ann', before);
    expect(asked(recall, 'ann')).to.deep.equal(['a', 'b']);
  });

  it('knows who was here, also of those who wrote nothing, within its bound', () => {
    const recall = recallOf();
    for (let i = 0; i < 100; i += 1) {
      const nothing = written();
      recall.arrived(`p${i}`, nothing);
      recall.left(`p${i}`, nothing);
    }
    expect(recall.knows('p99')).to.equal(true);
    expect(recall.knows('p0')).to.equal(false);
    expect(recall.knows('nobody')).to.equal(false);
    expect(recall.size).to.be.below(100);
  });

  it('holds no more souls over all peers than allowed', () => {
    const recall = recallOf(10);
    for (let i = 0; i < 1000; i += 1) recall.left(`p${i}`, written(`a${i}`, `b${i}`, `c${i}`));
    expect(recall.size).to.be.at.most((10 * MOST) / 3);
    expect(asked(recall, 'p999')).to.deep.equal(['a999', 'b999', 'c999']);
    expect(asked(recall, 'p0')).to.deep.equal([]);
  });

  it('takes the names of built-ins like any other', () => {
    const recall = recallOf();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(asked(recall, name)).to.deep.equal([]);
      recall.left(name, written(name));
      expect(asked(recall, name)).to.deep.equal([name]);
    }
  });
});
