import { expect } from 'chai';
import { parseOptions } from './options.ts';

const KNOWN = ['put-1', 'put-8', 'get-hot'];

describe('flags of the bench', () => {
  it('runs everything on both relays in three rounds by default', () => {
    const options = parseOptions([], KNOWN);
    expect(options).to.deep.include({ cases: [], relays: ['thicket', 'gun'], rounds: 3, durability: 'os' });
    expect(options.legacy).to.equal('graph');
    expect(options).to.include({ quick: false, list: false, help: false, fewerWhereSlow: true });
    expect(options).not.to.have.any.keys('json', 'svg', 'profile');
  });

  it('takes cases by commas or repeated flags, in the order of the list', () => {
    const options = parseOptions(['--case', 'get-hot,put-8', '--case', 'put-1'], KNOWN);
    expect(options.cases).to.deep.equal(['put-1', 'put-8', 'get-hot']);
  });

  it('takes one round for quick looks and profiles, unless rounds are asked for', () => {
    expect(parseOptions(['--quick'], KNOWN).rounds).to.equal(1);
    expect(parseOptions(['--profile', 'folder'], KNOWN).rounds).to.equal(1);
    const asked = parseOptions(['--quick', '--rounds', '5'], KNOWN);
    expect(asked).to.include({ rounds: 5, fewerWhereSlow: false });
  });

  it('takes files and the one relay to measure', () => {
    const options = parseOptions(['--json', 'a.json', '--svg', 'b.svg', '--only', 'gun'], KNOWN);
    expect(options).to.deep.include({ json: 'a.json', svg: 'b.svg', relays: ['gun'] });
    expect(parseOptions(['--legacy', 'witness'], KNOWN).legacy).to.equal('witness');
  });

  it('refuses unknown flags, cases and values, naming them', () => {
    expect(() => parseOptions(['--fast'], KNOWN)).to.throw('--fast');
    expect(() => parseOptions(['--case', 'put-9'], KNOWN)).to.throw("'put-9'");
    expect(() => parseOptions(['--rounds', '0'], KNOWN)).to.throw('--rounds');
    expect(() => parseOptions(['--rounds', '1.5'], KNOWN)).to.throw('--rounds');
    expect(() => parseOptions(['--only', 'redis'], KNOWN)).to.throw('--only');
    expect(() => parseOptions(['--durability', 'none'], KNOWN)).to.throw('--durability');
    expect(() => parseOptions(['--legacy', 'reject'], KNOWN)).to.throw('--legacy');
    expect(() => parseOptions(['put-1'], KNOWN)).to.throw('put-1');
  });
});
