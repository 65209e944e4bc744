import { expect } from 'chai';
import { toHex } from '../../lib/base/byte-texts.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { LogVerifier } from '../../lib/log/log-verifier.ts';
import { RemoteLogs } from '../../relay/remote-logs.ts';
import { InteropWorld } from '../support/interop-world.ts';
import { gathered } from '../support/log-bytes.ts';
import { authorOf, verifyFast } from '../support/log-maker.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';

describe("interop: signed puts with gun's own relay in the middle", function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  afterEach(() => world.end());

  it('arrive with their operations, in the same log, and gun clients see plain data', async () => {
    const real = await world.realRelay({ axe: false });
    const [here, there] = [
      await world.relay({ peers: [real.url] }),
      await world.relay({ peers: [real.url] }),
    ];
    await world.linked(here, there);
    const [writer, gun] = [await world.raw(here), await world.gun({ peers: [real] })];
    const heard = await gun.on(['mark', 'name']);
    const first = [writeOf('mark', 'name', Date.now(), 'Mark')];
    const second = [
      writeOf('mark', 'name', Date.now() + 1, 'Mark II'),
      writeOf('mark', 'age', Date.now(), 40),
    ];
    const one = saidBy(1, undefined, ...first);
    writer.send(signedPut('one', one, ...first));
    expect(await writer.reply('one')).to.deep.include({ ok: true });
    await heard.equals('Mark');
    writer.send(signedPut('two', saidBy(1, one, ...second), ...second));
    expect(await writer.reply('two')).to.deep.include({ ok: true });
    await heard.equals('Mark II');
    const logs = new RemoteLogs({ relay: there.url, token: '' });
    const author = toHex(authorOf(1).publicKey);
    let [head] = await gathered(logs.heads(author));
    while (head?.height !== 1) [head] = await gathered(logs.heads(author));
    const verifier = new LogVerifier(head, verifyFast);
    for await (const operation of logs.operations(head)) expect(verifier.take(operation)).to.equal(undefined);
    expect(verifier.end()).to.deep.equal([]);
    const reader = await world.raw(there);
    expect(await reader.value('mark', 'name')).to.equal('Mark II');
  });

  it('arrive as plain data where it passes on what was asked for, in messages of its own', async () => {
    const real = await world.realRelay();
    const here = await world.relay({ peers: [real.url] });
    const [writer, gun] = [await world.raw(here), await world.gun({ peers: [real] })];
    const heard = await gun.on(['mark', 'name']);
    const write = writeOf('mark', 'name', Date.now(), 'Mark');
    writer.send(signedPut('one', saidBy(1, undefined, write), write));
    expect(await writer.reply('one')).to.deep.include({ ok: true });
    await heard.equals('Mark');
  });
});
