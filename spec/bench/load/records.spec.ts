import { expect } from 'chai';
import { messageId } from './message-id.ts';
import { WIDE_SOUL, isRecord, putRecord, putWideProperties, soulOf, widePropertyOf } from './records.ts';

type Nodes = Record<string, Record<string, unknown>>;

describe('records of the bench', () => {
  it('puts a record that its own check recognises, and no other record', () => {
    for (const order of ['rising', 'scattered'] as const) {
      const message = JSON.parse(putRecord('123456789', 7, order, 5)) as { '#': string; put: Nodes };
      const node = message.put[soulOf(7, order)]!;
      expect(message['#']).to.equal('123456789');
      expect(node['_']).to.deep.equal({ '#': soulOf(7, order), '>': { even: 5, name: 5, rank: 5 } });
      expect(isRecord(node, 7)).to.equal(true);
      expect(isRecord(node, 9)).to.equal(false);
      expect(isRecord({ ...node, extra: 1 }, 7)).to.equal(false);
    }
  });

  it('gives each record a soul of its own and of equal length, in both orders', () => {
    for (const order of ['rising', 'scattered'] as const) {
      const souls = Array.from({ length: 5000 }, (_, number) => soulOf(number * 1999, order));
      expect(new Set(souls).size).to.equal(souls.length);
      expect(new Set(souls.map(({ length }) => length)).size).to.equal(1);
      expect(souls.toSorted().join() === souls.join()).to.equal(order === 'rising');
    }
  });

  it('puts slices of the wide node', () => {
    const message = JSON.parse(putWideProperties('123456789', 10, 12, 5)) as { put: Nodes };
    expect(message.put[WIDE_SOUL]).to.deep.equal({
      _: { '#': WIDE_SOUL, '>': { [widePropertyOf(10)]: 5, [widePropertyOf(11)]: 5 } },
      [widePropertyOf(10)]: 10,
      [widePropertyOf(11)]: 11,
    });
  });

  it('makes ids of nine letters without capital Y that do not repeat', () => {
    const ids = Array.from({ length: 10_000 }, messageId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const id of ids) expect(id).to.match(/^[0-9A-XZa-z]{9}$/);
  });
});
