import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { valueOf, writeOf } from '../../lib/graph/write.ts';
import { sortedJson } from '../../lib/sea/json-text.ts';
import { createPair, signingKey, type KeyPair } from '../../lib/sea/keys.ts';
import { signText } from '../../lib/sea/signature.ts';
import { signWrite } from '../../lib/sea/signed-value.ts';
import { FRAME_SIZES } from '../../lib/wire/large-frame.ts';
import { freshId, freshName, graphOf, RawPeer, type RawMessage, type RawNode } from '../support/raw-peer.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { WatchedRelay } from '../support/watched-relay.ts';
import { scaled } from './scale.ts';

/** How long one message may hold the event loop, in milliseconds; whatever is not cut into slices takes a multiple. */
const HOLD_MS = 10;
/**
 * The same where so much survives that the garbage collector has to copy most of a young generation of the usual size
 * at once, which takes longer than that by itself.
 */
const COLLECTED_HOLD_MS = 20;
/** The young generation of a relay as `npm start` starts it: three semi-spaces; see "Pauses" in the README. */
const START_YOUNG_MIB = 3 * 8;
/** Caches and the garbage collector have bad moments; what holds the loop does so every time. */
const TRIES = 10;
const STATE = 1_700_000_000_000;
/** Characters of a frame that leave room for its envelope. */
const FRAME_LENGTH = DEFAULT_LIMITS.frameBytes - 1000;

type Graph = Readonly<Record<string, RawNode>>;

/** What one case does to the relay; each call uses names of its own. */
type Load = (peer: RawPeer) => Promise<void>;

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function nodesOf(nodes: number, fields: (node: number) => Record<string, unknown>): Graph {
  const base = freshName('node');
  return Object.assign({}, ...range(nodes).map((at) => graphOf(`${base}/${at}`, fields(at), STATE))) as Graph;
}

function fieldsOf(count: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(range(count).map((at) => [`k${at}`, value]));
}

/** Reads every soul of a graph once, and waits until all is there. */
async function readBack(peer: RawPeer, graph: Graph): Promise<void> {
  const souls = Object.keys(graph).slice(0, DEFAULT_LIMITS.batchMessages);
  const gets = souls.map((soul) => ({ '#': freshId(), get: { '#': soul } }));
  peer.send(gets);
  for (const get of gets) await lastPart(peer, get['#']);
}

/** Waits for the last part of an answer; parts in between name the one that follows. */
async function lastPart(peer: RawPeer, id: string): Promise<RawMessage> {
  let part = await peer.reply(id);
  while (part['%'] !== undefined) part = await peer.reply(id);
  return part;
}

/** Puts a graph, checks the ack and reads it back. */
function putAndRead(make: () => Graph): Load {
  return async (peer) => {
    const graph = make();
    expect(await peer.put(graph)).to.include({ ok: true });
    await readBack(peer, graph);
  };
}

/** Sends a frame that is refused, and waits for the refusal. */
function refused(text: string): Load {
  return async (peer) => {
    peer.sendText(text);
    const { err } = await peer.next((message) => message.err !== undefined, 'a refusal');
    expect(err).to.be.a('string');
  };
}

/** Sends a frame that holds no message. */
function ignored(text: string): Load {
  return async (peer) => {
    peer.sendText(text);
    await peer.caughtUp();
  };
}

function deepArrays(): string {
  const depth = FRAME_SIZES.deep / 2;
  const one = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  return `[${range(Math.floor(FRAME_LENGTH / (one.length + 1)))
    .map(() => one)
    .join()}]`;
}

/** All of it is hashed, for one signature. */
const LONG_SIGNED = [
  'a signed text as long as a frame',
  putSigned(1, () => 'a'.repeat(FRAME_LENGTH - 1000)),
] as const;

const LOADS: readonly (readonly [title: string, load: Load, mostMs?: number])[] = [
  ['brackets nested as deep as a frame is long', refused('['.repeat(FRAME_LENGTH))],
  ['objects nested as deep as a frame is long', refused('{"a":'.repeat(FRAME_LENGTH / 5))],
  ['arrays nested as deep as they may be, as many as a frame holds', ignored(deepArrays())],
  ['millions of empty objects in a batch', refused(`[${'{},'.repeat(FRAME_LENGTH / 3)}{}]`)],
  ['a batch of as many puts as it may hold', putBatch],
  ['a put of 10,000 nodes', putAndRead(() => nodesOf(10_000, (at) => ({ name: `node ${at}`, rank: at })))],
  ['a text as long as a frame', putAndRead(() => nodesOf(1, () => ({ text: 'a'.repeat(FRAME_LENGTH) })))],
  [
    'a text of three-byte characters',
    putAndRead(() => nodesOf(1, () => ({ text: '中'.repeat(FRAME_LENGTH / 3) }))),
  ],
  ['a text of escapes', putAndRead(() => nodesOf(1, () => ({ text: '"'.repeat(FRAME_LENGTH / 2) })))],
  ['a put of 4000 signed values, new and known', putSigned(4000, (at) => `value ${at}`)],
  LONG_SIGNED,
  ['a signed text of escapes', putSigned(1, () => '"'.repeat(FRAME_LENGTH / 8))],
  ['a put of 2000 signed values and one that is forged', putForged],
  ['a guest whose certificate has thousands of policies, for names as long as may be', putByGuest],
  ['a put whose operation has tens of thousands of entries', putOperation, COLLECTED_HOLD_MS],
  ['as many gets of unknown souls as a batch may hold', getBatch(() => ({ '#': freshName('unknown') }))],
  ['as many LEX reads of nothing as a batch may hold', getBatch(() => ({ '#': { '*': freshName('none') } }))],
  ['a LEX read of all there is', getBatch(() => ({ '#': { '*': '' }, '%': DEFAULT_LIMITS.lexMaxBytes }), 1)],
];

/** Entries of an operation that is nearly as large as one may be. */
const SAID_ENTRIES = 45_000;

let authors = 0;

/** Puts what an operation of a new author says. */
async function putOperation(peer: RawPeer): Promise<void> {
  authors += 1;
  const base = freshName('said');
  const writes = range(SAID_ENTRIES).map((at) =>
    writeOf(`${base}/${Math.floor(at / 9000)}`, `k${10_000 + (at % 9000)}`, STATE, at),
  );
  const id = freshId();
  peer.send(signedPut(id, saidBy(authors, undefined, ...writes), ...writes));
  expect(await peer.reply(id)).to.include({ ok: true });
}

/** Keys and signed values of them are made once: they are the same in each try, and verified from the second on. */
let owner: Promise<KeyPair> | undefined;

async function signedGraph(count: number, value: (at: number) => string): Promise<Graph> {
  const pair = await (owner ??= createPair());
  const soul = `~${pair.pub}/${freshName('signed')}`;
  const writes = await Promise.all(
    range(count).map((at) => signWrite({ soul, key: `k${at}`, state: STATE }, value(at), pair)),
  );
  return graphOf(soul, Object.fromEntries(writes.map((write) => [write.key, valueOf(write)])), STATE);
}

/** Puts signed values, then the same ones again, which are known by then. */
function putSigned(count: number, value: (at: number) => string): Load {
  return async (peer) => {
    const graph = await signedGraph(count, value);
    for (const id of [freshId(), freshId()]) expect(await peer.put(graph, id)).to.include({ ok: true });
    await readBack(peer, graph);
  };
}

/** Puts forged values: signatures that are none, and the last of many. */
async function putForged(peer: RawPeer): Promise<void> {
  const graph = await signedGraph(2000, String);
  const [soul, node] = Object.entries(graph)[0]!;
  const states = { ...node._['>'], last: STATE };
  const forged = { [soul]: { ...node, _: { '#': soul, '>': states }, last: 'unsigned' } };
  expect(await peer.put(forged)).to.include({ err: 'Unverified data.' });
}

/** Policies that leave room for the rest of a signed value in what may be read of it at once. */
const POLICIES = 4000;
const NAME_LENGTH = 16_000;

/** Puts as a guest whom the last of many policies lets write; the owner signed the terms in another order. */
async function putByGuest(peer: RawPeer): Promise<void> {
  const [host, guest] = await Promise.all([createPair(), createPair()]);
  const policies = range(POLICIES).map((): Record<string, string> => ({ '*': 'x' }));
  const terms = { zz: 1, w: [...policies, { '*': 'a' }], c: guest.pub };
  const s = await signText(sortedJson(terms)!, await signingKey(host));
  const soul = `~${host.pub}/${'a'.repeat(NAME_LENGTH)}`;
  const puts = range(4).map(async (at) => {
    const place = { soul, key: `${at}`.padEnd(NAME_LENGTH, 'k'), state: STATE };
    const write = await signWrite(place, 'v', guest, { certificate: { m: terms, s } });
    return { '#': freshId(), put: graphOf(soul, { [place.key]: valueOf(write) }, STATE) };
  });
  for (const put of await Promise.all(puts)) peer.send(put);
  for (const put of await Promise.all(puts)) expect(await peer.reply(put['#'])).to.include({ ok: true });
}

/** Nodes of as many properties as one may have; twenty fill a frame. No other structure has so many parts. */
const MANY_PROPERTIES: Load = putAndRead(() => nodesOf(scaled(8, 20), () => fieldsOf(10_000, 1)));

async function putBatch(peer: RawPeer): Promise<void> {
  const puts = range(DEFAULT_LIMITS.batchMessages).map((at) => ({
    '#': freshId(),
    put: graphOf(freshName('soul'), { name: `node ${at}`, rank: at, even: true }, STATE),
  }));
  peer.send(puts);
  for (const put of puts) expect(await peer.reply(put['#'])).to.include({ ok: true });
}

function getBatch(get: () => object, count: number = DEFAULT_LIMITS.batchMessages): Load {
  return async (peer) => {
    const gets = range(count).map(() => ({ '#': freshId(), get: get() }));
    peer.send(gets);
    for (const { '#': id } of gets) await lastPart(peer, id);
  };
}

for (const [name, youngMib, loads] of [
  ['', START_YOUNG_MIB, LOADS],
  [' with a young generation of the usual size', undefined, [LONG_SIGNED]],
] as const) {
  describe(`fairness of the relay${name}`, () => {
    let folder: TemporaryFolder;
    let relay: WatchedRelay;

    before(async () => {
      folder = await temporaryFolder();
      relay = await WatchedRelay.start({
        data: folder.path,
        ...(youngMib === undefined ? {} : { youngMib }),
      });
    });

    after(async () => {
      await relay.close();
      await folder.remove();
    });

    /** What a load holds the loop for, at best. */
    async function expectHeld(load: Load, mostMs: number): Promise<void> {
      const held: number[] = [];
      const reader = await RawPeer.open(relay.url);
      for (let attempt = 0; attempt < TRIES && !(Math.min(...held) <= mostMs); attempt += 1) {
        const peer = await RawPeer.open(relay.url);
        await relay.held();
        await load(peer);
        held.push(await relay.held());
        await peer.close();
      }
      if (process.env['VERBOSE'] !== undefined) console.log(held.map((ms) => ms.toFixed(1)).join(' '));
      expect(Math.min(...held), `milliseconds held: ${held.join(', ')}`).to.be.at.most(mostMs);
      await reader.close();
    }

    for (const [title, load, mostMs = HOLD_MS] of loads) {
      it(`is not given up for ${title}`, async function () {
        this.timeout(60_000);
        await expectHeld(load, mostMs);
      });
    }

    it('is not given up for a put of nodes with 10,000 properties each', async function () {
      this.timeout(60_000);
      await expectHeld(MANY_PROPERTIES, youngMib === undefined ? COLLECTED_HOLD_MS : HOLD_MS);
    });
  });
}
