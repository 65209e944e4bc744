import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { AnswerPaths } from '../../../lib/mesh/answer-paths.ts';
import { Peer } from '../../../lib/mesh/peer.ts';
import { collectGarbage } from '../../support/garbage.ts';
import { RecordingLink } from '../../support/recording-link.ts';

const CAPACITY = 20;

describe('mesh/answer-paths', () => {
  const peer = new Peer(new RecordingLink('peer'), 'client', limitsWith());

  it('finds the way back by the id that was given out', () => {
    const paths = new AnswerPaths(CAPACITY);
    paths.note('given', peer, '"theirs"');
    expect(paths.find('given')).to.deep.equal({ peer, idJson: '"theirs"' });
    expect(paths.find('theirs')).to.equal(undefined);
  });

  it('finds no way to a peer that is gone', () => {
    const paths = new AnswerPaths(CAPACITY);
    const gone = new Peer(new RecordingLink('gone'), 'client', limitsWith());
    paths.note('given', gone, '"theirs"');
    gone.end();
    expect(paths.find('given')).to.equal(undefined);
  });

  it('keeps nothing of a peer that is gone', async () => {
    const paths = new AnswerPaths(CAPACITY);
    const ends = Array.from({ length: 3 }, (_, at) => {
      const gone = new Peer(new RecordingLink('gone'), 'client', limitsWith());
      paths.note(`given ${at}`, gone, '"theirs"');
      gone.end();
      return new WeakRef(gone);
    });
    await collectGarbage();
    expect(ends.map((end) => end.deref())).to.deep.equal([undefined, undefined, undefined]);
    expect(paths.find('given 0')).to.equal(undefined);
  });

  it('keeps no more ways than allowed, and among them those in use', () => {
    const paths = new AnswerPaths(CAPACITY);
    paths.note('used', peer, '1');
    for (let i = 0; i < 1000; i += 1) {
      paths.note(`id${i}`, peer, '1');
      expect(paths.size).to.be.at.most(CAPACITY);
      if (i % 5 === 0) expect(paths.find('used'), `after ${i}`).to.not.equal(undefined);
    }
    expect(paths.find('id999')).to.not.equal(undefined);
    expect(paths.find('id0')).to.equal(undefined);
  });

  it('takes the names of built-ins like any other', () => {
    const paths = new AnswerPaths(CAPACITY);
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      expect(paths.find(name)).to.equal(undefined);
      paths.note(name, peer, '1');
      expect(paths.find(name)).to.not.equal(undefined);
    }
  });
});
