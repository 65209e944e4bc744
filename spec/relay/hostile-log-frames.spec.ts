/** Behaviour of a relay's `/log` towards strangers: whatever they send, others synchronise meanwhile. Seeded. */
import { expect } from 'chai';
import { toHex } from '../../lib/base/byte-texts.ts';
import { CborWriter } from '../../lib/log/cbor-writer.ts';
import { PART_HASHES_BYTES } from '../../lib/log/parted-tips.ts';
import type { Features } from '../../lib/sync/frame-fields.ts';
import { encodeFrame, type LogFrame } from '../../lib/sync/log-frames.ts';
import { LogNode } from '../support/log-node.ts';
import { authorOf } from '../support/log-maker.ts';
import {
  GRAPH_TOPIC,
  LogRelays,
  logLines,
  putsBy,
  storageOfEnds,
  type LogRelay,
} from '../support/log-relays.ts';
import { manyAuthors } from '../support/parted-tips.ts';
import { seed } from '../support/seed.ts';
import { Chance } from '../torture/chance.ts';
import { scaled } from '../torture/scale.ts';

const RUNS = scaled(150, 5000);
/** What a line may be closed with; with 1005 when it is this side that goes. */
const CODES = [1002, 1005, 1008, 1009, 1013];

/** Every kind of frame, true as far as it can be. */
function framesOf(session: number): LogFrame[] {
  const [first, second] = putsBy(6, 2);
  const { bytes: header } = first!.header;
  const tip = { height: 3, id: new Uint8Array(32) };
  const tips = new Map([['ab'.repeat(32), new Map([['cd'.repeat(32), tip]])]]);
  return [
    { type: 'topic', session, topic: GRAPH_TOPIC },
    { type: 'agreed', session },
    { type: 'have', session, tips, more: false },
    { type: 'have', session, tips: new Map(), more: true },
    { type: 'digest', session, digest: new Uint8Array(32) },
    { type: 'digestParts', session, hashes: new Uint8Array(PART_HASHES_BYTES) },
    { type: 'preSync', session, operations: 5, bytes: 5 },
    { type: 'operation', session, header, body: first!.body },
    { type: 'operation', session, header: second!.header.bytes, body: undefined },
    { type: 'live', session, header, body: undefined },
    { type: 'done', session },
    { type: 'fork', session, first: header, second: second!.header.bytes },
    { type: 'bodies', session, author: new Uint8Array(32), log: new Uint8Array(32), places: [0, 7] },
    { type: 'given', session },
    { type: 'error', session, code: 3, text: 'no' },
    { type: 'close', session },
    { type: 'proof', signature: new Uint8Array(64) },
  ];
}

function parts(hashes: Uint8Array): LogFrame {
  return { type: 'digestParts', session: 0, hashes };
}

/** A frame, most often with something wrong in it. */
function wrongBytes(chance: Chance): Uint8Array {
  if (chance.happens(0.2)) return Uint8Array.from({ length: chance.below(200) }, () => chance.below(256));
  if (chance.happens(0.1)) {
    const writer = new CborWriter().array(3).uint(chance.below(40)).uint(chance.below(9)).text('x');
    return writer.finish();
  }
  const bytes = encodeFrame(chance.pick(framesOf(chance.below(3))));
  if (chance.happens(0.3)) return bytes.slice(0, chance.below(bytes.length));
  if (chance.happens(0.4)) bytes[chance.below(bytes.length)] = chance.below(256);
  return bytes;
}

describe('the path /log towards strangers', function () {
  this.timeout(scaled(60_000, 1_200_000));
  const relays = new LogRelays();
  let target: LogRelay;

  before(async () => {
    target = await relays.start();
  });

  after(() => relays.end());

  /** An honest node gives an operation, and is heard. */
  async function expectServed(author: number): Promise<void> {
    const node = await LogNode.meet(target.relay.port, authorOf(author));
    await node.join(GRAPH_TOPIC);
    node.give(putsBy(author, 2));
    await node.frame('done');
    // What both have sent may not be checked and stored yet.
    const nodeKey = toHex(authorOf(author).publicKey);
    await target.events.next(
      (event) => event.kind === 'log-synced' && event.node === nodeKey,
      'its operations',
    );
    const reader = await relays.client(target);
    // The node's own "done" says nothing of what it still takes in; who asks is told when that is stored.
    const soul = `by${author}`;
    await reader.get({ '#': soul });
    const told = (): unknown[] => reader.messages.all.map(({ put }) => put?.[soul]?.['k1']);
    await reader.messages.until(() => told().includes(`${author} 1`) || undefined, 'what it gave');
    await node.close();
  }

  it(`survives ${RUNS} lines of wrong frames, before and after the handshake, with seed ${seed}`, async () => {
    const codes = new Set<number>();
    for (let run = 0; run < RUNS; run += 1) {
      const chance = new Chance(seed + run);
      const node = await LogNode.open(target.relay.port);
      if (chance.happens(0.8)) await node.greet(authorOf(60 + chance.below(20)));
      const isPolite = chance.happens(0.5);
      if (isPolite && node.frames.all.length > 0)
        node.send({ type: 'topic', session: 0, topic: GRAPH_TOPIC });
      for (let sent = chance.below(20); sent >= 0; sent -= 1) {
        if (chance.happens(0.05)) node.socket.send('a text');
        else node.sendBytes(wrongBytes(chance));
      }
      node.socket.close();
      const [code] = await node.closed;
      codes.add(code);
      expect(CODES, `seed ${seed + run}`).to.include(code);
    }
    expect([...codes]).to.include.members([1002, 1008]);
    await expectServed(30);
  });

  it('takes the frames of a session in any order, or ends it', async () => {
    for (let run = 0; run < RUNS; run += 1) {
      const chance = new Chance(seed + run);
      const node = await LogNode.meet(target.relay.port, authorOf(40 + chance.below(20)));
      for (let sent = chance.below(12); sent >= 0; sent -= 1) node.send(chance.pick(framesOf(0)));
      node.socket.close();
      expect(CODES, `seed ${seed + run}`).to.include((await node.closed)[0]);
    }
    await expectServed(31);
  });

  it('closes who says what is not true, with the reason', async () => {
    const [first, second] = putsBy(33, 2);
    const forged = first!.header.bytes.slice();
    forged[60]! ^= 1;
    for (const [header, body, code, text] of [
      [forged, first!.body, 3, 'the signature does not fit the author'],
      [first!.header.bytes, second!.body, 5, 'the body does not fit its hash and size'],
      [second!.header.bytes, second!.body, 8, 'operations before it are missing'],
    ] as const) {
      const node = await LogNode.meet(target.relay.port);
      await node.join(GRAPH_TOPIC);
      node.send({ type: 'operation', session: 0, header, body });
      expect(await node.frame('error')).to.deep.include({ code, text });
      expect((await node.closed)[0]).to.equal(1008);
    }
    expect((await logLines(target.storage)).filter((line) => line.length === 0)).to.deep.equal([]);
  });

  describe('that know the hashes of parts', () => {
    const KNOWN: Features = new Map(['log', 'digest', 'digest-parts'].map((name) => [name, 1]));
    const digest: LogFrame = { type: 'digest', session: 0, digest: new Uint8Array(32) };
    let much: LogRelay;

    before(async () => {
      much = await relays.start({}, { storage: await storageOfEnds(1200) });
    });

    /** Says another digest than the relay, which then says the hashes of its parts. */
    async function differ(features = KNOWN): Promise<readonly [LogNode, Uint8Array]> {
      const node = await LogNode.open(much.relay.port);
      await node.greet(authorOf(50), undefined, features);
      node.send({ type: 'topic', session: 0, topic: GRAPH_TOPIC });
      await node.frame('agreed');
      node.send({ type: 'agreed', session: 0 });
      node.send(digest);
      await node.frame('digest');
      return [node, (await node.frame('digestParts')).hashes];
    }

    it('believes that all are equal, and sends nothing then; what is new follows', async () => {
      const [node, hashes] = await differ();
      node.send(parts(hashes));
      expect((await node.frame('have')).tips.size).to.equal(0);
      node.send({ type: 'have', session: 0, tips: new Map(), more: false });
      await node.frame('done');
      node.send({ type: 'done', session: 0 });
      const client = await relays.client(much);
      await client.put({ soul: { _: { '#': 'soul', '>': { k: 5 } }, k: 'new' } });
      expect(await node.frame('live')).to.have.property('type', 'live');
      await node.close();
    });

    it('shows all to who says other hashes than it has', async () => {
      const [node] = await differ();
      node.send(parts(new Uint8Array(PART_HASHES_BYTES)));
      const first = await node.frame('have');
      expect(first.tips.size + (await node.frame('have')).tips.size).to.be.at.least(1200);
      await node.close();
    });

    it('ends the line of who says them twice, too late, too early, or logs of those that are equal', async () => {
      const author = manyAuthors(1)[0]!;
      const tip = { height: 9, id: new Uint8Array(32) };
      const of = (name: string): LogFrame => {
        return { type: 'have', session: 0, tips: new Map([[name, new Map([[author, tip]])]]), more: true };
      };
      for (const framesAfter of [
        (hashes: Uint8Array) => [parts(hashes), parts(hashes)],
        (hashes: Uint8Array) => [of(author), parts(hashes)],
        (hashes: Uint8Array) => [parts(hashes), digest],
        (hashes: Uint8Array) => [parts(hashes), of(author)],
      ]) {
        const [node, hashes] = await differ();
        for (const frame of framesAfter(hashes)) node.send(frame);
        expect(await node.frame('error')).to.deep.include({ code: 100 });
        expect(await node.closed).to.deep.equal([1008, 'order']);
      }
      for (const [features, frames] of [
        [KNOWN, [parts(new Uint8Array(PART_HASHES_BYTES))]],
        [new Map([...KNOWN].slice(0, 2)), [digest, parts(new Uint8Array(PART_HASHES_BYTES))]],
      ] as const) {
        const node = await LogNode.open(much.relay.port);
        await node.greet(authorOf(50), undefined, features);
        node.send({ type: 'topic', session: 0, topic: GRAPH_TOPIC });
        await node.frame('agreed');
        node.send({ type: 'agreed', session: 0 });
        for (const frame of frames) node.send(frame);
        expect(await node.closed).to.deep.equal([1008, 'order']);
      }
    });

    it('survives any of them in any order, and serves others meanwhile', async () => {
      const codes = new Set<number>();
      for (let run = 0; run < RUNS / 5; run += 1) {
        const chance = new Chance(seed + run);
        const [node, hashes] = await differ();
        const wrong = Uint8Array.from(hashes, (byte) => (chance.happens(0.001) ? byte ^ 1 : byte));
        const frames = [...framesOf(0), parts(hashes), parts(wrong)];
        for (let sent = chance.below(6); sent >= 0; sent -= 1) {
          if (chance.happens(0.2)) node.sendBytes(wrongBytes(chance));
          else node.send(chance.pick(frames));
        }
        node.socket.close();
        const [code] = await node.closed;
        codes.add(code);
        expect(CODES, `seed ${seed + run}`).to.include(code);
      }
      const [node, hashes] = await differ();
      node.send(parts(hashes));
      expect((await node.frame('have')).tips.size).to.equal(0);
      await node.close();
    });
  });

  it('synchronises no other topics, networks, or with itself', async () => {
    const node = await LogNode.meet(target.relay.port);
    node.send({ type: 'topic', session: 0, topic: new Uint8Array(32) });
    expect(await node.frame('error')).to.deep.include({ code: 101 });
    expect(await node.closed).to.deep.equal([1008, 'topic']);
    const stranger = await LogNode.open(target.relay.port);
    await stranger.greet(authorOf(77), 'another').catch(() => undefined);
    expect(await stranger.closed).to.deep.equal([1008, 'handshake: network']);
  });
});
