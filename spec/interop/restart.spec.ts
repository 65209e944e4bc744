import { expect } from 'chai';
import { InteropWorld } from '../support/interop-world.ts';
import { freshId, freshName, graphOf } from '../support/raw-peer.ts';

describe('interop: relay restarts', function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  afterEach(() => world.end());

  it('serves a late joiner after the writer left', async () => {
    const relay = await world.relay();
    const writer = await world.gun({ peers: [relay] });
    await writer.put(['doc'], { text: 'kept', deep: { er: 1 } });
    const item = await writer.set(['list'], { text: 'item' });
    await writer.end();
    const joiner = await world.gun({ peers: [relay] });
    expect(await joiner.once(['doc', 'text'])).to.equal('kept');
    expect(await joiner.once(['doc', 'deep', 'er'])).to.equal(1);
    const items = await joiner.map(['list']);
    expect((await items.next(({ key }) => key === item)).value).to.deep.equal({ text: 'item' });
  });

  it('ends with code 0 on SIGTERM and serves everything again afterwards', async () => {
    const relay = await world.relay();
    const writer = await world.gun({ peers: [relay] });
    await Promise.all(Array.from({ length: 100 }, (_, at) => writer.put([`doc ${at}`], { at })));
    await writer.put(['cleared'], { word: 'gone' });
    await writer.put(['cleared', 'word'], null);
    await writer.end();
    expect(await relay.stop()).to.equal(0);
    const again = await world.relay({ data: relay.data });
    const reader = await world.gun({ peers: [again] });
    const numbers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => reader.once([`doc ${at}`, 'at'])),
    );
    expect(numbers).to.deep.equal(Array.from({ length: 100 }, (_, at) => at));
    expect(await reader.once(['cleared', 'word'])).to.equal(null);
  });

  it('has the value that a gun client saw acked just before SIGKILL', async () => {
    const relay = await world.relay();
    const writer = await world.gun({ peers: [relay] });
    expect(await writer.put(['doc', 'text'], 'acked')).to.deep.equal({ ok: true });
    await relay.kill();
    await writer.end();
    const again = await world.relay({ data: relay.data });
    const reader = await world.gun({ peers: [again] });
    expect(await reader.once(['doc', 'text'])).to.equal('acked');
  });

  it('has every acked value after SIGKILL amid a stream of writes', async () => {
    const data = await world.folder();
    const acked = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const relay = await world.relay({ data });
      const writer = await world.raw(relay);
      for (let at = 0; at < 300; at += 1) {
        const number = round * 300 + at;
        writer.send({
          '#': `write ${number}`,
          put: graphOf(`doc ${number % 50}`, { [`key ${number}`]: number }),
        });
      }
      await writer.messages.until(
        () => writer.messages.all.filter(({ ok }) => ok === true).length >= 20 || undefined,
        '20 acks',
      );
      await relay.kill();
      for (const { '@': id, ok } of writer.messages.all) {
        if (ok === true) acked.add(Number(id?.replace('write ', '')));
      }
    }
    const again = await world.relay({ data });
    const reader = await world.raw(again);
    expect(acked.size).to.be.at.least(60);
    for (const number of acked) {
      expect(await reader.value(`doc ${number % 50}`, `key ${number}`)).to.equal(number);
    }
  });

  it('keeps HAM over a restart: an older write does not replace a newer one on disk', async () => {
    const relay = await world.relay();
    const writer = await world.raw(relay);
    await writer.put(graphOf('doc', { word: 'newer' }, 5));
    await relay.stop();
    const again = await world.relay({ data: relay.data });
    const late = await world.raw(again);
    await late.put(graphOf('doc', { word: 'older' }, 4));
    await late.put(graphOf('doc', { other: 'word' }, 4), freshId());
    expect(await late.value('doc', 'word')).to.equal('newer');
    await again.stop();
    const third = await world.relay({ data: relay.data });
    expect(await (await world.raw(third)).value('doc', 'word')).to.equal('newer');
  });

  it('goes on pushing to listeners that come back after a restart', async () => {
    const relay = await world.relay();
    const [alice, dave] = await world.pair(relay);
    const heard = await dave.on(['doc', 'word']);
    await alice.put(['doc', 'word'], 'before');
    await heard.equals('before');
    await relay.stop();
    await Promise.all([alice.disconnected(), dave.disconnected()]);
    await world.relay({ data: relay.data, port: relay.port });
    // Nobody tells the clients: gun dials again by itself about two seconds after its socket closed.
    await Promise.all([alice.connected(), dave.connected()]);
    const name = freshName('after');
    await alice.put(['doc', 'word'], name);
    await heard.equals(name);
  });
});
