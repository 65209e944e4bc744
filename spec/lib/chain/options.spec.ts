import { expect } from 'chai';
import { takeOptions, type KeptOptions } from '../../../lib/chain/options.ts';
import { GraphError } from '../../../lib/base/errors.ts';

const kept = (): KeptOptions => ({
  peers: Object.create(null) as KeptOptions['peers'],
  uuid: () => 'soul',
});

describe('options of a chain', () => {
  it('name peers by a URL, a list, or as keys, each once', () => {
    const options = kept();
    expect(takeOptions(options, 'http://a/gun')).to.deep.equal(['http://a/gun']);
    expect(takeOptions(options, ['http://a/gun', 'http://b/gun'])).to.deep.equal(['http://b/gun']);
    expect(takeOptions(options, { peers: { 'http://c/gun': {} } })).to.deep.equal(['http://c/gun']);
    expect(takeOptions(options, { peers: 'http://d/gun' })).to.deep.equal(['http://d/gun']);
    expect(takeOptions(options, undefined)).to.deep.equal([]);
    expect(options.peers['http://b/gun']).to.deep.equal({ id: 'http://b/gun', url: 'http://b/gun' });
  });

  it('are kept, unknown ones as well', () => {
    const options = kept();
    takeOptions(options, { file: 'mine', myExtension: 1 });
    expect(options.file).to.equal('mine');
    expect(options['myExtension']).to.equal(1);
  });

  it('are refused when they mean nothing, and a server is not made of them', () => {
    for (const bad of [7, { peers: 7 }, { peers: [7] }, { web: {} }])
      expect(() => takeOptions(kept(), bad), JSON.stringify(bad))
        .to.throw(GraphError)
        .with.property('code', 'OPTION_INVALID');
  });
});
