import { expect } from 'chai';
import { randomId } from '../../lib/base/random.ts';
import { bridge, get, meshWorlds, PAST, put, type Bridge, type MeshWorld } from '../support/mesh-world.ts';
import type { RawMessage } from '../support/raw-peer.ts';
import type { RecordingLink } from '../support/recording-link.ts';

const ROUNDS = 30;

/** Relays and the links between them. */
interface Relays {
  readonly worlds: readonly MeshWorld[];
  readonly links: readonly Bridge[];
}

/** Messages over links so far. */
function countOver(links: readonly Bridge[]): number {
  return links.reduce((count, link) => count + link.count(), 0);
}

/** Messages with data, answers to reads aside. */
function pushesIn(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter((message) => message.put !== undefined && message['@'] === undefined);
}

/** A client at each relay that reads the same. */
async function readers(worlds: readonly MeshWorld[], soul: string, key?: string): Promise<RecordingLink[]> {
  const links: RecordingLink[] = [];
  for (const world of worlds) {
    const link = await world.client(`reader${links.length} of ${soul} ${key}`);
    await world.ask(link, get(randomId(), soul, key));
    links.push(link);
  }
  await worlds[0]!.advance(3000, 50);
  for (const link of links) link.news();
  return links;
}

/** Says all that was heard again until nothing comes back; gives the rounds that took. */
async function echoAll(worlds: readonly MeshWorld[], echoes: readonly RecordingLink[]): Promise<number> {
  for (let round = 0; round < ROUNDS; round += 1) {
    let said = 0;
    for (const echo of echoes) {
      for (const message of echo.news()) {
        said += 1;
        echo.say({ ...message, '#': randomId() });
      }
    }
    if (said === 0) return round;
    await worlds[0]!.advance(300, 50);
  }
  return ROUNDS;
}

describe('relays that are joined in rings', () => {
  const newWorld = meshWorlds();

  /** Relays of which each dials those before it that `isJoined` names. */
  async function join(count: number, isJoined: (from: number, to: number) => boolean): Promise<Relays> {
    const worlds: MeshWorld[] = [];
    const links: Bridge[] = [];
    for (let i = 0; i < count; i += 1) worlds.push(await newWorld({ pid: `relay${i}` }));
    for (let from = 0; from < count; from += 1) {
      for (let to = 0; to < from; to += 1)
        if (isJoined(from, to)) links.push(bridge(worlds[from]!, worlds[to]!));
    }
    await worlds[0]!.settle();
    return { worlds, links };
  }

  const ring = (): Promise<Relays> => join(3, () => true);
  const full = (): Promise<Relays> => join(5, () => true);

  it('serve each reader exactly once for each write, wherever it is made', async () => {
    const { worlds } = await ring();
    const all = [...(await readers(worlds, 'soul')), ...(await readers(worlds, 'soul', 'k'))];
    for (const [at, world] of worlds.entries()) {
      const writer = await world.client(`writer${at}`);
      await world.ask(writer, put(`w${at}`, 'soul', { k: at, other: at }, PAST + at));
      expect(writer.heard.filter((message) => message['@'] === `w${at}`)).to.have.lengthOf(1);
      for (const reader of all) {
        const pushes = pushesIn(reader.news());
        expect(pushes, reader.name).to.have.lengthOf(1);
        expect(pushes[0]?.put?.['soul']?.['k']).to.equal(at);
      }
    }
  });

  it('send each write once over each link in each direction, and no acks to each other', async () => {
    for (const [relays, count] of [
      [await ring(), 3],
      [await full(), 5],
    ] as const) {
      const { worlds, links } = relays;
      const writer = await worlds[0]!.client('writer');
      const before = countOver(links);
      await worlds[0]!.ask(writer, put(`w${count}`, 'soul', { k: 1 }));
      // The first relay tells all others; these tell all but the first.
      const pushes = (count - 1) ** 2;
      expect(countOver(links) - before).to.equal(pushes);
    }
  });

  it('say nothing of a write that changes nothing', async () => {
    const { worlds, links } = await ring();
    const writer = await worlds[0]!.client('writer');
    await worlds[0]!.ask(writer, put('w1', 'soul', { k: 'b' }));
    const before = countOver(links);
    await worlds[0]!.ask(writer, put('w2', 'soul', { k: 'a' }), put('w3', 'soul', { k: 'b' }));
    expect(countOver(links)).to.equal(before);
  });

  it('pass on a read of what nobody has once over each link in each direction, and answer it once', async () => {
    for (const relays of [await ring(), await full()]) {
      const { worlds, links } = relays;
      const asker = await worlds[1]!.client('asker');
      const before = countOver(links);
      const id = randomId();
      await worlds[1]!.ask(asker, get(id, 'nothing'));
      expect(countOver(links) - before).to.be.at.most(4 * links.length);
      expect(asker.heard.filter((message) => message['@'] === id)).to.have.lengthOf(1);
    }
  });

  it('ask each other once about what one of them has and the others do not', async () => {
    const { worlds, links } = await full();
    const lonely = await newWorld({ pid: 'lonely' });
    const writer = await lonely.client('writer');
    await lonely.ask(writer, put('w1', 'soul', { k: 1 }));
    const more = worlds.map((world) => bridge(lonely, world));
    await lonely.settle();
    const before = countOver([...links, ...more]);
    const reader = await lonely.client('reader');
    await lonely.ask(reader, get('r1', 'soul'));
    const all = links.length + more.length;
    // A question and its answer over each link both ways, and what was found told likewise, with acks.
    expect(countOver([...links, ...more]) - before).to.be.at.most(8 * all);
    for (const world of worlds) expect(await world.graph.readField('soul', 'k')).to.include({ json: '1' });
  });

  describe('with a peer that says everything again under a new id', () => {
    for (const kind of ['client', 'relay that came in', 'relay that was dialled'] as const) {
      it(`come to rest when it is a ${kind}, and still serve readers once`, async () => {
        const { worlds, links } = await ring();
        const echoes: RecordingLink[] = [];
        for (const world of worlds) {
          const name = `echo${echoes.length}`;
          const echo = await {
            client: () => world.client(name),
            'relay that came in': () => world.inboundRelay(name),
            'relay that was dialled': () => world.dialledRelay(name),
          }[kind]();
          await world.ask(echo, get(randomId(), 'soul'), get(randomId(), 'missing'));
          echoes.push(echo);
        }
        await echoAll(worlds, echoes);
        const all = await readers(worlds, 'soul');
        await echoAll(worlds, echoes);
        for (const reader of all) reader.news();
        const before = countOver(links);
        const writer = await worlds[0]!.client('writer');
        for (let i = 0; i < 10; i += 1)
          await worlds[0]!.ask(writer, put(`w${i}`, 'soul', { k: i }, PAST + i));
        const rounds = await echoAll(worlds, echoes);
        expect(rounds).to.be.below(10);
        for (const reader of all) expect(pushesIn(reader.news())).to.have.lengthOf(10);
        expect(countOver(links) - before).to.be.at.most(10 * 2 * 4 + 10 * 3 * 8);
      });
    }
  });
});
