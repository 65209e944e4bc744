import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { success } from '../../../lib/base/result.ts';
import { CheckLine, type CheckedPut } from '../../../lib/mesh/check-line.ts';

/** A put of some characters that notes when it goes on. */
function putOf(name: string, order: string[], length = 1): CheckedPut {
  return {
    writes: [writeOf('s', name, 1, 'x'.repeat(length))],
    goOn: ({ ok }) => order.push(`${name} ${ok}`),
  };
}

describe('mesh CheckLine', () => {
  it('lets puts go on in the order they came, whichever is decided first', () => {
    const order: string[] = [];
    const line = new CheckLine();
    const places = ['a', 'b', 'c', 'd'].map((name) => line.add(putOf(name, order)));
    line.decide(places[1]!, { ok: false, reason: 'no' });
    line.decide(places[2]!, success([]));
    expect(order).to.deep.equal([]);
    expect(line.size).to.equal(4);
    line.decide(places[0]!, success([]));
    expect(order).to.deep.equal(['a true', 'b false', 'c true']);
    line.decide(places[3]!, success([]));
    expect(order).to.have.lengthOf(4);
    expect(line.size).to.equal(0);
  });

  it('is full with a few puts, and with one that is large', () => {
    const line = new CheckLine();
    const places = Array.from({ length: 7 }, (_, at) => line.add(putOf(`k${at}`, [])));
    expect(line.isFull).to.equal(false);
    places.push(line.add(putOf('last', [])));
    expect(line.isFull).to.equal(true);
    line.decide(places[0]!, success([]));
    expect(line.isFull).to.equal(false);
    const large = line.add(putOf('large', [], 1024 * 1024));
    for (const place of places.slice(1)) line.decide(place, success([]));
    expect(line.isFull).to.equal(true);
    line.decide(large, success([]));
    expect(line.isFull).to.equal(false);
  });
});
