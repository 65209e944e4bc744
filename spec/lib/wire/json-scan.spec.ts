import { expect } from 'chai';
import { JsonScan } from '../../../lib/wire/json-scan.ts';

/** What a scan finds that goes on by so many characters at a time. */
function commasOf(text: string, step: number): number[] {
  const scan = new JsonScan(text);
  const commas = new Set<number>();
  for (let limit = step; !scan.run(limit); limit += step) {
    expect(limit).to.be.below(text.length + step);
    if (scan.comma > 0) commas.add(scan.comma);
  }
  if (scan.comma > 0) commas.add(scan.comma);
  expect(scan.position).to.equal(text.length - 1);
  return [...commas];
}

describe('wire JsonScan', () => {
  it('finds the commas between the members of a container and its end, whatever the steps', () => {
    const text = String.raw`{"a,\"]}":[1,2,{"b":"x,y"}],"c\\":"}","d":{}}`;
    const expected = [text.indexOf(',"c'), text.indexOf(',"d')];
    for (const step of [1, 2, 3]) expect(commasOf(text, step)).to.deep.equal(expected);
    expect(commasOf('[]', 1)).to.deep.equal([]);
  });

  it('tells which member it is inside of, and goes on within it and behind it', () => {
    const text = '[0,{"a":[1],"b":2},3]';
    const scan = new JsonScan(text);
    expect(scan.run(10)).to.equal(false);
    expect(scan.innerOpen).to.equal(3);
    scan.enter();
    expect(scan.innerOpen).to.equal(8);
    expect(scan.comma).to.equal(3);
    expect(scan.run(text.length)).to.equal(true);
    expect(text[scan.position]).to.equal('}');
    expect(scan.comma).to.equal(text.indexOf(',"b'));
    scan.leave();
    expect(scan.comma).to.equal(2);
    scan.goOnBehind(scan.position + 1);
    expect(scan.run(text.length)).to.equal(true);
    expect(scan.position).to.equal(text.length - 1);
    expect(scan.innerOpen).to.equal(undefined);
  });

  it('enters a member it is told of, although it has looked further', () => {
    const text = '["[[",[1,2],5]';
    const scan = new JsonScan(text);
    scan.run(3);
    scan.enterAt(6);
    expect(scan.run(text.length)).to.equal(true);
    expect(scan.position).to.equal(text.indexOf(']'));
    expect(scan.comma).to.equal(8);
  });

  it('stops at the end of a text that does not close', () => {
    for (const text of ['[', '[1,', '{"a', String.raw`{"a\"`, '{"a\\', '[[]']) {
      const scan = new JsonScan(text);
      expect(scan.run(100), text).to.equal(false);
      expect(scan.position, text).to.be.at.least(text.length);
    }
  });
});
