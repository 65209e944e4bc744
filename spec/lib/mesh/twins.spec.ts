import { expect } from 'chai';
import { meshWorlds, type MeshWorld } from '../../support/mesh-world.ts';
import type { RawMessage } from '../../support/raw-peer.ts';
import type { RecordingLink } from '../../support/recording-link.ts';

function twinsIn(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter((message) => message.dam === 'twin');
}

describe('mesh/twins', () => {
  const newWorld = meshWorlds();
  let world: MeshWorld;
  let relay: RecordingLink;

  beforeEach(async () => {
    world = await newWorld();
    relay = await world.dialledRelay('relay', 'two');
  });

  it('asks for a proof of every relay that tells the process id of one that was dialled, and of no other', async () => {
    await world.inboundRelay('other', 'three');
    await world.inboundRelay('nameless', null);
    expect(twinsIn(relay.news())).to.deep.equal([]);
    for (const name of ['first', 'second']) await world.inboundRelay(name, 'two');
    const secrets = twinsIn(relay.news()).map((message) => message.secret);
    expect(new Set(secrets).size).to.equal(2);
    for (const secret of secrets) expect(secret).to.match(/^[0-9A-Za-z]{22}$/);
  });

  it('gives the proof on the link it dialled, whatever the secret, and only to whom that leads', async () => {
    const asker = await world.inboundRelay('asker', 'two');
    const stranger = await world.inboundRelay('stranger', 'three');
    relay.news();
    const secret = '"}\u0000';
    expect(await world.ask(stranger, { '#': 'q1', dam: 'twin', secret })).to.deep.equal([]);
    expect(relay.news()).to.deep.equal([]);
    expect(await world.ask(asker, { '#': 'q2', dam: 'twin', secret })).to.deep.equal([]);
    const [told, ...more] = relay.news();
    expect(told).to.deep.include({ dam: 'twin', secret });
    expect(told).to.have.property('@');
    expect(more).to.deep.equal([]);
  });

  it('answers no proof, and none that is empty or endless', async () => {
    const asker = await world.inboundRelay('asker', 'two');
    relay.news();
    for (const secret of ['', 'x'.repeat(65), 5, null, { a: 1 }])
      await world.ask(asker, { '#': `q${JSON.stringify(secret)}`, dam: 'twin', secret });
    expect(twinsIn(relay.news()).filter((message) => message.secret !== '')).to.deep.equal([]);
    await world.ask(asker, { '#': 'a', '@': 'q', dam: 'twin', secret: 'wrong' });
    expect(relay.news()).to.deep.equal([]);
  });
});
