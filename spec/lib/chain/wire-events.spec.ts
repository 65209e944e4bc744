import { expect } from 'chai';
import { acked, called, useChains } from '../../support/chains.ts';
import { graphOf } from '../../support/raw-peer.ts';
import { settle } from '../../support/scripted-peer.ts';

const URL = 'http://a/gun';

describe('wire events of a chain', () => {
  const { open, peer } = useChains();

  it('tell of peers that come and go, which the options show', async () => {
    const gun = open(URL);
    const told: unknown[] = [];
    gun.on('hi', ({ url }: { url: string }) => told.push(['hi', url]));
    gun.on('bye', ({ url }: { url: string }) => told.push(['bye', url]));
    await peer(URL).connect();
    expect(gun._.opt.peers[URL]!.wire).to.deep.equal({ readyState: 1 });
    await peer(URL).hangUp();
    expect(gun._.opt.peers[URL]!.wire).to.equal(undefined);
    expect(told).to.deep.equal([
      ['hi', URL],
      ['bye', URL],
    ]);
  });

  it('let listeners of `out` add to messages, and keep them back', async () => {
    const gun = open(URL);
    gun.on('out', function add(message: Record<string, unknown>) {
      if (message['dam'] === undefined && message['get'] !== undefined) return;
      message['headers'] = { token: 't' };
      this.to.next(message);
    });
    await peer(URL).connect();
    gun.get('s').put({ a: 1 });
    gun.get('s').on(() => undefined);
    const said = await peer(URL).heard();
    expect(said.map(({ put, get, headers }) => [put !== undefined, get, headers])).to.deep.equal([
      [true, undefined, { token: 't' }],
    ]);
  });

  it('let listeners of `in` see and keep back what peers say', async () => {
    const gun = open(URL);
    const seen: unknown[] = [];
    gun.on('in', function look(message: Record<string, unknown>) {
      seen.push(message['put']);
      if (JSON.stringify(message).includes('secret')) return;
      this.to.next(message);
    });
    await peer(URL).connect();
    const values: unknown[] = [];
    gun
      .get('s')
      .get('k')
      .on((value) => values.push(value));
    await settle();
    await peer(URL).say({ '#': 'p1', put: graphOf('s', { k: 'secret' }, 5) });
    await peer(URL).say({ '#': 'p2', put: graphOf('s', { k: 'open' }, 6) });
    expect(seen.length).to.equal(2);
    expect(values).to.deep.equal(['open']);
  });

  it('tell of what is read and of what is stored', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun.on('get', ({ get }: { get: unknown }) => told.push(get));
    gun.on('put', ({ put }: { put: Record<string, unknown> }) => told.push(put['.'], put[':']));
    await acked((done) => gun.get('s').put({ a: 1 }, done));
    await called((done) => gun.get('s').get('a').once(done));
    expect(told).to.deep.equal(['a', 1, { '#': 's', '.': 'a' }]);
  });
});
