import { expect } from 'chai';
import { InteropWorld } from '../support/interop-world.ts';
import type { RawPeer } from '../support/raw-peer.ts';

/** The messages of the community note "Network Protocol For GunDB", as it prints them. */
const FIRST_WRITE = `{
    "#": "yb2",
    "put": {
        "ASDF": {
            "_": {
                "#": "ASDF",
                ">": {
                    "name": 2,
                    "boss": 2
                }
            },
            "name": "Mark Nadal",
            "boss": {
                "#": "FDSA"
            }
        },
        "FDSA": {
            "_": {
                "#": "FDSA",
                ">": {
                    "name": 2,
                    "species": 2,
                    "slave": 2
                }
            },
            "name": "Fluffy",
            "species": "a kitty",
            "slave": {
                "#": "ASDF"
            }
        }
    }
}`;
const SECOND_WRITE = `{
    "#": "8t2",
    "put": {
        "ASDF": {
            "_": {
                "#": "ASDF",
                ">": {
                    "name": 1
                }
            },
            "name": "Mark"
        },
        "FDSA": {
            "_": {
                "#": "FDSA",
                ">": {
                    "species": 2,
                    "color": 3
                }
            },
            "species": "felis silvestris",
            "color": "ginger"
        }
    }
}`;
const READ = `{
    "#": "i9b",
    "get": {
        "#": "FDSA",
        ".": "species"
    }
}`;
const ANSWER = `{
    "#": "",
    "@": "i9b",
    "put": {
        "FDSA": {
            "_": {
                "#": "FDSA",
                ">": {
                    "species": 2
                }
            },
            "species": "a kitty"
        }
    }
}`;

const ASDF = {
  _: { '#': 'ASDF', '>': { name: 2, boss: 2 } },
  name: 'Mark Nadal',
  boss: { '#': 'FDSA' },
};
const FDSA = {
  _: { '#': 'FDSA', '>': { name: 2, species: 2, slave: 2, color: 3 } },
  name: 'Fluffy',
  species: 'felis silvestris',
  slave: { '#': 'ASDF' },
  color: 'ginger',
};

/** Sends a write and waits until it is acked. */
async function acked(peer: RawPeer, text: string, id: string): Promise<void> {
  peer.sendText(text);
  expect((await peer.reply(id)).ok).to.equal(true);
}

describe('interop: the note "Network Protocol For GunDB"', function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  afterEach(() => world.end());

  for (const [order, writes] of [
    ['in the order of the note', [FIRST_WRITE, SECOND_WRITE]],
    ['the other way round', [SECOND_WRITE, FIRST_WRITE]],
  ] as const) {
    it(`merges the two writes ${order} and answers the read with the winner`, async () => {
      const peer = await world.raw(await world.relay());
      for (const write of writes) await acked(peer, write, write === FIRST_WRITE ? 'yb2' : '8t2');
      peer.sendText(READ);
      const reply = await peer.reply('i9b');
      // Both writes carry state 2, and "felis silvestris" is the larger text.
      expect(reply.put).to.deep.equal({
        FDSA: { _: { '#': 'FDSA', '>': { species: 2 } }, species: 'felis silvestris' },
      });
      expect(reply['##']).to.equal(-514460291);
      expect((await peer.get({ '#': 'ASDF' })).put).to.deep.equal({ ASDF });
      expect((await peer.get({ '#': 'FDSA' })).put).to.deep.equal({ FDSA });
    });
  }

  it('answers the read between the writes with the first value', async () => {
    const peer = await world.raw(await world.relay());
    await acked(peer, FIRST_WRITE, 'yb2');
    peer.sendText(READ);
    expect((await peer.reply('i9b')).put?.['FDSA']).to.include({ species: 'a kitty' });
  });

  it('does not let the answer of the note undo the winner', async () => {
    const peer = await world.raw(await world.relay());
    await acked(peer, FIRST_WRITE, 'yb2');
    await acked(peer, SECOND_WRITE, '8t2');
    peer.sendText(READ);
    await peer.reply('i9b');
    peer.sendText(ANSWER);
    peer.sendText(ANSWER.replace('"species": 2', '"species": 2.0'));
    await peer.caughtUp();
    expect(await peer.value('FDSA', 'species')).to.equal('felis silvestris');
  });

  it('pushes a later write to a second peer that read the node, and not to its writer', async () => {
    const relay = await world.relay();
    const [writer, reader] = await Promise.all([world.raw(relay), world.raw(relay)]);
    await acked(writer, FIRST_WRITE, 'yb2');
    await acked(writer, SECOND_WRITE, '8t2');
    writer.sendText(READ);
    await writer.reply('i9b');
    expect((await reader.get({ '#': 'FDSA' })).put).to.deep.equal({ FDSA });
    const lion = { FDSA: { _: { '#': 'FDSA', '>': { species: 4 } }, species: 'lion' } };
    expect((await writer.put(lion)).ok).to.equal(true);
    expect((await reader.pushed('FDSA')).put).to.deep.equal(lion);
    // The reader's own write comes to the writer after whatever it was to hear before.
    await reader.put({ FDSA: { _: { '#': 'FDSA', '>': { species: 5 } }, species: 'tiger' } });
    expect((await writer.pushed('FDSA')).put?.['FDSA']).to.include({ species: 'tiger' });
  });
});
