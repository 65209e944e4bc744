import { expect } from 'chai';
import {
  encodeForked,
  encodeLogAnswer,
  encodeLogQuestion,
  parseLogAnswer,
  parseLogQuestion,
  saysForked,
} from '../../../lib/wire/log-question.ts';

const LOG = 'ab'.repeat(32);

describe('the question how far a log goes', () => {
  it('is a field of a get, and reads as it was written', () => {
    const question = { log: LOG, at: [0, 7, 2 ** 32 - 1] };
    for (const each of [question, { ...question, fork: true }, { ...question, down: 0 }]) {
      const { op } = JSON.parse(`{"#":"i"${encodeLogQuestion(each)}}`) as { readonly op: unknown };
      expect(parseLogQuestion(op)).to.deep.equal(each);
    }
    expect(encodeLogQuestion({ ...question, fork: false })).to.equal(encodeLogQuestion(question));
    for (const more of [{ fork: 1 }, { down: -1 }, { down: '1' }, { down: 0.5 }])
      expect(parseLogQuestion({ ...question, ...more })).to.deep.equal(question);
  });

  it('is nothing else', () => {
    const others = [
      undefined,
      null,
      1,
      'log',
      [],
      {},
      { log: LOG },
      { log: LOG, at: 5 },
      { log: LOG, at: [-1] },
      { log: LOG, at: [0.5] },
      { log: LOG, at: ['1'] },
      { log: LOG, at: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
      { log: LOG.toUpperCase(), at: [] },
      { log: LOG.slice(1), at: [] },
      { log: { length: 64 }, at: [] },
    ];
    for (const op of others) expect(parseLogQuestion(op), JSON.stringify(op)).to.equal(undefined);
  });

  it('is answered with headers, with gaps, or with nothing', () => {
    const answer = { tip: 'AbC-_', at: ['x', undefined, 'y'] };
    expect(parseLogAnswer(encodeLogAnswer(answer))).to.deep.equal(answer);
    expect(parseLogAnswer(encodeLogAnswer({ ...answer, fork: undefined }))).to.deep.equal(answer);
    const forked = { ...answer, fork: ['a', 'b'] as const };
    expect(parseLogAnswer(encodeLogAnswer(forked))).to.deep.equal(forked);
    for (const fork of [null, 'ab', ['a'], ['a', 7], ['a', 'b', 'c'], ['a', '!'], {}]) {
      const json = JSON.stringify({ log: { tip: 'x', at: [], fork } });
      expect(parseLogAnswer(json), json).to.deep.equal({ tip: 'x', at: [] });
    }
    const shown = { ...answer, down: [['a', 'b'], ['c', ''], ['d']] as [string, string?][] };
    expect(parseLogAnswer(encodeLogAnswer(shown))).to.deep.equal(shown);
    for (const down of [null, 'ab', [[]], [['a', 'b', 'c']], [['a', 7]], [['a', '!']], ['a']]) {
      const json = JSON.stringify({ log: { tip: 'x', at: [], down } });
      expect(parseLogAnswer(json), json).to.deep.equal({ tip: 'x', at: [] });
    }
    expect(parseLogAnswer(encodeLogAnswer(undefined))).to.equal(null);
  });

  it('is not answered by whatever else peers say', () => {
    const others = [
      '{}',
      '{"log":1}',
      '{"log":{}}',
      '{"log":{"tip":"x"}}',
      '{"log":{"tip":"+","at":[]}}',
      `{"log":{"tip":"${'x'.repeat(9000)}","at":[]}}`,
      '{"log":{"tip":7,"at":[]}}',
      '{"log":{"tip":"x","at":{}}}',
      '{"log":[]}',
    ];
    for (const json of others) expect(parseLogAnswer(json), json).to.equal(undefined);
    expect(parseLogAnswer('{"log":{"tip":"x","at":[7,"","!"]}}')).to.deep.equal({
      tip: 'x',
      at: [undefined, undefined, undefined],
    });
  });

  it('tells forks apart from other acknowledgements', () => {
    expect(saysForked(encodeForked())).to.equal(true);
    for (const json of [undefined, '{}', '{"log":null}']) expect(saysForked(json)).to.equal(false);
  });
});
