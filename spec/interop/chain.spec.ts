import { expect } from 'chai';
import type { GunProcess } from '../support/gun-process.ts';
import { InteropWorld, useRelay } from '../support/interop-world.ts';
import { freshName } from '../support/raw-peer.ts';

describe('interop: the chain of gun apps', function () {
  this.timeout(30_000);
  const shared = useRelay();
  const clients = new InteropWorld();
  let alice: GunProcess;
  let bob: GunProcess;

  before(async () => {
    [alice, bob] = await clients.pair(shared.relay);
  });
  after(() => clients.end());

  it('acks a put', async () => {
    expect(await alice.put([freshName('mark')], { name: 'Mark' })).to.deep.equal({ ok: true });
  });

  it('gives once the node that another client put', async () => {
    const soul = freshName('mark');
    await alice.put([soul], { name: 'Mark', age: 5, fit: true, height: 1.5, debt: -3, note: '' });
    expect(await bob.once([soul])).to.deep.equal({
      name: 'Mark',
      age: 5,
      fit: true,
      height: 1.5,
      debt: -3,
      note: '',
    });
  });

  it('gives once a single property', async () => {
    const soul = freshName('mark');
    await alice.put([soul], { name: 'Mark', age: 5 });
    expect(await bob.once([soul, 'age'])).to.equal(5);
  });

  it('tells undefined for a node and a property that nobody wrote', async () => {
    const soul = freshName('nobody');
    expect(await bob.once([soul])).to.equal(undefined);
    await alice.put([soul], { here: 1 });
    expect(await bob.once([soul, 'missing'])).to.equal(undefined);
  });

  it('calls on with the present value and again for each change', async () => {
    const soul = freshName('room');
    await alice.put([soul], { topic: 'first' });
    const topic = await bob.on([soul, 'topic']);
    await topic.equals('first');
    for (const text of ['second', 'third', 'fourth']) {
      await alice.write([soul, 'topic'], text);
      await topic.equals(text);
    }
  });

  it('calls on for a node that is written only later', async () => {
    const soul = freshName('later');
    const heard = await bob.on([soul]);
    await bob.once([soul]);
    await alice.write([soul], { came: true });
    expect(await heard.becomes((node) => node !== undefined)).to.deep.equal({ came: true });
  });

  it('keeps the state that gun gave the write', async () => {
    const soul = freshName('state');
    const before = await alice.state();
    await alice.put([soul], { word: 1 });
    const after = await alice.state();
    const reader = await shared.world.raw(shared.relay);
    const { put } = await reader.get({ '#': soul });
    expect(put?.[soul]?._['>']['word']).to.be.above(before).and.below(after);
  });

  it('merges what several puts wrote into one node', async () => {
    const soul = freshName('node');
    await alice.put([soul], { a: 1, b: 1 });
    await bob.put([soul], { b: 2, c: 2 });
    const carl = await shared.world.gun({ peers: [shared.relay] });
    expect(await carl.once([soul])).to.deep.equal({ a: 1, b: 2, c: 2 });
  });

  it('keeps nested objects as nodes of their own behind links', async () => {
    const soul = freshName('mark');
    const ack = await alice.put([soul], { name: 'Mark', boss: { name: 'Fluffy', pet: { kind: 'mouse' } } });
    expect(ack).to.deep.equal({ ok: true });
    expect(await bob.once([soul])).to.deep.equal({ name: 'Mark', boss: { '#': `${soul}/boss` } });
    expect(await bob.once([soul, 'boss', 'name'])).to.equal('Fluffy');
    expect(await bob.once([soul, 'boss', 'pet', 'kind'])).to.equal('mouse');
    expect(await bob.once([`${soul}/boss`, 'name'])).to.equal('Fluffy');
  });

  it('takes an object with many nested ones in one put', async () => {
    const soul = freshName('many');
    const children = Array.from({ length: 400 }, (_, at) => [`child${at}`, { at }] as const);
    expect(await alice.put([soul], Object.fromEntries(children))).to.deep.equal({ ok: true });
    expect(await bob.once([soul, 'child0', 'at'])).to.equal(0);
    expect(await bob.once([soul, 'child399', 'at'])).to.equal(399);
  });

  it('keeps circular objects as links', async () => {
    const soul = freshName('circle');
    const circle: Record<string, unknown> = { size: 1, kid: { size: 2 } };
    circle['self'] = circle;
    (circle['kid'] as Record<string, unknown>)['parent'] = circle;
    expect(await alice.put([soul], circle)).to.deep.equal({ ok: true });
    expect(await bob.once([soul, 'self', 'self', 'size'])).to.equal(1);
    expect(await bob.once([soul, 'kid', 'parent', 'kid', 'size'])).to.equal(2);
  });

  it('links a property to a node elsewhere, and hears changes through the link', async () => {
    const person = freshName('person');
    const company = freshName('company');
    await alice.put([person], { name: 'Ada' });
    expect(await alice.link([company, 'chief'], [person])).to.deep.equal({ ok: true });
    const name = await bob.on([company, 'chief', 'name']);
    await name.equals('Ada');
    await alice.write([person, 'name'], 'Ada L.');
    await name.equals('Ada L.');
  });

  it('follows a link that is pointed elsewhere', async () => {
    const [first, second, company] = [freshName('first'), freshName('second'), freshName('company')];
    await alice.put([first], { name: 'Ada' });
    await alice.put([second], { name: 'Grace' });
    await alice.link([company, 'chief'], [first]);
    const name = await bob.on([company, 'chief', 'name']);
    await name.equals('Ada');
    await alice.link([company, 'chief'], [second]);
    await name.equals('Grace');
  });

  it('writes three levels deep where nothing was', async () => {
    const soul = freshName('deep');
    expect(await alice.put([soul, 'b', 'c'], 'deep')).to.deep.equal({ ok: true });
    expect(await bob.once([soul, 'b', 'c'])).to.equal('deep');
  });

  it('clears a property by null, for those who listen and for those who come later', async () => {
    const soul = freshName('clear');
    await alice.put([soul], { here: 'yes', stays: 'yes' });
    const here = await bob.on([soul, 'here']);
    await here.equals('yes');
    await alice.put([soul, 'here'], null);
    await here.equals(null);
    const carl = await shared.world.gun({ peers: [shared.relay] });
    expect(await carl.once([soul])).to.deep.equal({ here: null, stays: 'yes' });
  });

  it('clears a link by null and leaves the node behind it', async () => {
    const soul = freshName('clear');
    await alice.put([soul], { child: { name: 'kid' } });
    const child = await bob.on([soul, 'child']);
    await child.becomes((node) => (node as { name?: string } | undefined)?.name === 'kid');
    await alice.put([soul, 'child'], null);
    await child.equals(null);
    expect(await bob.once([`${soul}/child`, 'name'])).to.equal('kid');
  });

  it('gives a cleared property a new value', async () => {
    const soul = freshName('again');
    await alice.put([soul, 'word'], 'one');
    await alice.put([soul, 'word'], null);
    await alice.put([soul, 'word'], 'two');
    expect(await bob.once([soul, 'word'])).to.equal('two');
  });

  it('hears the items of a set, the present ones and the later ones', async () => {
    const list = freshName('list');
    const first = await alice.set([list], { text: 'first' });
    const items = await bob.map([list]);
    await items.next(({ key }) => key === first);
    const second = await alice.set([list], { text: 'second' });
    await items.next(({ key }) => key === second);
    expect([...items.byKey]).to.have.deep.members([
      [first, { text: 'first' }],
      [second, { text: 'second' }],
    ]);
  });

  it('keeps plain texts in a set', async () => {
    const list = freshName('list');
    const key = await alice.set([list], 'plain');
    const items = await bob.map([list]);
    expect((await items.next((event) => event.key === key)).value).to.equal('plain');
  });

  it('takes an item out of a set', async () => {
    const list = freshName('list');
    const stays = await alice.set([list], { text: 'stays' });
    const goes = await alice.set([list], { text: 'goes' });
    const items = await bob.map([list]);
    await items.next(({ key }) => key === goes);
    await alice.unset([list], goes);
    await items.next(({ key, value }) => key === goes && value === null);
    const carl = await shared.world.gun({ peers: [shared.relay] });
    expect(await carl.once([list])).to.deep.equal({ [stays]: { '#': stays }, [goes]: null });
  });

  it('holds a set of 1000 items', async () => {
    const list = freshName('list');
    const items = await bob.map([list]);
    const souls = await Promise.all(
      Array.from({ length: 1000 }, (_, number) => alice.set([list], { number })),
    );
    expect(new Set(souls)).to.have.property('size', 1000);
    await items.until(() => (items.byKey.size === 1000 ? true : undefined), '1000 items');
    const carl = await shared.world.gun({ peers: [shared.relay] });
    const again = await carl.map([list]);
    await again.until(() => (again.byKey.size === 1000 ? true : undefined), '1000 items');
    for (const [number, soul] of souls.entries()) expect(again.byKey.get(soul)).to.deep.equal({ number });
  });

  for (const [what, character] of [
    ['letters', 'x'],
    ['quotes', '"'],
    ['umlauts', 'ü'],
    ['line ends', '\n'],
  ] as const) {
    it(`holds a value of 900 KB of ${what}`, async () => {
      const soul = freshName('big');
      const text = character.repeat(900 * 1024);
      const heard = await bob.on([soul, 'text']);
      expect(await alice.put([soul, 'text'], text)).to.deep.equal({ ok: true });
      await heard.becomes((value) => value === text, 'the whole text');
      const carl = await shared.world.gun({ peers: [shared.relay] });
      expect((await carl.once([soul, 'text'])) === text).to.equal(true);
    });
  }

  it('serves apps on Node like those in browsers', async () => {
    const soul = freshName('node');
    const app = await shared.world.gun({ peers: [shared.relay], kind: 'node' });
    const heard = await bob.on([soul, 'from']);
    await alice.put([soul], { from: 'browser', deep: { er: 1 } });
    const from = await app.on([soul, 'from']);
    await from.equals('browser');
    expect(await app.once([soul, 'deep', 'er'])).to.equal(1);
    expect(await app.put([soul, 'from'], 'app')).to.deep.equal({ ok: true });
    await heard.equals('app');
    await bob.write([soul, 'from'], 'browser again');
    await from.equals('browser again');
  });

  it("pushes to apps on Node that use gun's own interest routing", async () => {
    const soul = freshName('node');
    await alice.put([soul], { from: 'browser' });
    const app = await shared.world.gun({ peers: [shared.relay], kind: 'node-axe' });
    const from = await app.on([soul, 'from']);
    await from.equals('browser');
    await alice.write([soul, 'from'], 'browser again');
    await from.equals('browser again');
  });
});
