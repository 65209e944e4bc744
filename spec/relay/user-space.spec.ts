/** Behaviour of a running relay towards those who write into the spaces of users. */
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import { certify, parseCertificate } from '../../lib/sea/certificate.ts';
import { REFUSAL } from '../../lib/sea/refusals.ts';
import { signWrite } from '../../lib/sea/signed-value.ts';
import { hashOf } from '../../lib/sea/work.ts';
import { createRelay, type Relay, type RelaySettings } from '../../relay/relay.ts';
import {
  freshId,
  freshName,
  graphOf,
  graphOfWrites,
  RawPeer,
  type RawMessage,
  type RawNode,
} from '../support/raw-peer.ts';
import { envelopeOf, otherHalf, textOf, withFields, withText } from '../support/sea-envelopes.ts';
import { AFTER_ALL, SEA_VECTORS, writeOfCase } from '../support/sea-vectors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const { alice, bob, carol } = SEA_VECTORS.pairs;
const SOUL = `~${alice.pub}`;
const STATE = 1_750_000_000_000;
const PLACE = { soul: SOUL, key: 'k', state: STATE };

type Graph = Readonly<Record<string, RawNode>>;

/** A relay with somebody who writes, and with a client and a relay that must not see what is forged. */
class Neighbourhood {
  readonly relay: Relay;
  readonly writer: RawPeer;
  readonly reader: RawPeer;
  readonly peered: RawPeer;

  /** What the peered relay answers to every question. */
  forged: FieldWrite | undefined = undefined;

  private constructor(relay: Relay, peers: readonly RawPeer[]) {
    this.relay = relay;
    [this.writer, this.reader, this.peered] = peers as [RawPeer, RawPeer, RawPeer];
  }

  static async open(now: number = AFTER_ALL, settings: RelaySettings = {}): Promise<Neighbourhood> {
    const common = { port: 0, host: '127.0.0.1', logLevel: 'silent' } as const;
    const start = performance.now();
    const clock = (): number => now + performance.now() - start;
    const parts = settings.data === undefined ? { storage: new MemoryStorage(), clock } : { clock };
    const relay = createRelay({ ...common, ...settings }, parts);
    await relay.listen();
    await relay.ready();
    const url = `http://127.0.0.1:${relay.port}/gun`;
    const peers = await Promise.all(['writer', 'reader', 'peered'].map((name) => RawPeer.open(url, name)));
    peers[2]!.send({ '#': freshId(), '@': 'x', dam: '?', relay: true, pid: 'peered001' });
    const there = new Neighbourhood(relay, peers);
    there.#knowsNothing().catch(() => undefined);
    await there.peered.caughtUp();
    return there;
  }

  /** Answers what the relay asks its peer, until the link is gone. */
  async #knowsNothing(): Promise<void> {
    for (;;) {
      const { '#': id } = await this.peered.next(({ get }) => get !== undefined);
      const forged = this.forged === undefined ? {} : { put: graphOfWrites(this.forged) };
      this.peered.send({ '#': freshId(), '@': id!, ...forged });
    }
  }

  /** Puts, and gives the text of the refusal, or `ok`. */
  async verdict(graph: Graph): Promise<string> {
    for (const soul of Object.keys(graph)) await this.reader.get({ '#': soul });
    const { err, ok } = await this.writer.put(graph);
    await Promise.all([this.reader.caughtUp(), this.peered.caughtUp()]);
    return err ?? (ok === true ? 'ok' : 'neither');
  }

  /** What the neighbours were told of, as soul and key. */
  seen(): string[] {
    const told = [this.reader, this.peered].flatMap((peer) =>
      peer.messages.all.filter((message) => message['@'] === undefined),
    );
    return told.flatMap(({ put = {} }) =>
      Object.entries(put).flatMap(([soul, node]) => Object.keys(node._['>']).map((key) => `${soul} ${key}`)),
    );
  }

  /** What the relay answers to who reads a property. */
  stored({ soul, key }: FieldWrite): Promise<unknown> {
    return this.writer.value(soul, key);
  }

  async close(): Promise<void> {
    await Promise.all([this.writer, this.reader, this.peered].map((peer) => peer.close()));
    await this.relay.close();
  }
}

/** Hands out neighbourhoods that live as long as a spec. */
function neighbourhoods(): (now?: number, settings?: RelaySettings) => Promise<Neighbourhood> {
  let open: Neighbourhood[] = [];
  afterEach(async () => {
    await Promise.all(open.map((each) => each.close()));
    open = [];
  });
  return async (now, settings) => {
    const made = await Neighbourhood.open(now, settings);
    open.push(made);
    return made;
  };
}

describe('relay and the vectors of SEA', () => {
  const open = neighbourhoods();

  for (const each of SEA_VECTORS.cases) {
    it(`${each.relay_must}s, and ${each.relay_must === 'accept' ? 'tells' : 'hides from'} the neighbours: ${each.name}`, async () => {
      const there = await open(each.relay_clock ?? AFTER_ALL);
      const write = writeOfCase(each);
      const graph = graphOfWrites(write);
      const verdict = await there.verdict(graph);
      if (each.relay_must === 'accept') {
        expect(verdict).to.equal('ok');
        expect(there.seen()).to.have.members([`${write.soul} ${write.key}`, `${write.soul} ${write.key}`]);
        expect(await there.stored(write)).to.deep.equal(each.value);
        for (const peer of [there.reader, there.peered]) {
          const told = peer.messages.all.find((message) => message['@'] === undefined && message.put);
          expect(told?.put?.[write.soul]?.[write.key]).to.deep.equal(each.value);
        }
        return;
      }
      if (each.real_relay.err !== null) expect(verdict).to.equal(each.real_relay.err);
      else expect(verdict).to.be.oneOf([REFUSAL.certificate, REFUSAL.expired, REFUSAL.unverified]);
      expect(there.seen()).to.deep.equal([]);
      expect(await there.stored(write)).to.equal(undefined);
    });
  }
});

/** Everything that must be refused whole: writes, the fault among them. */
const ATTACKS: readonly (readonly [title: string, make: () => Promise<readonly FieldWrite[]>])[] = [
  ['a guest without a certificate', async () => [withFields(await signed(bob), { '*': bob.pub })]],
  ['a certificate that the guest made', async () => [await byGuest(await certificateOf(bob))]],
  ['a signature on another soul', async () => [{ ...(await signed()), soul: `${SOUL}/x` }]],
  ['a signature under another key', async () => [{ ...(await signed()), key: 'other' }]],
  ['a signature on another value', async () => [withFields(await signed(), { ':': 'w' })]],
  ['a signature at another state', async () => [{ ...(await signed()), state: STATE + 1 }]],
  ['a signature in the future', async () => [{ ...(await signed()), state: AFTER_ALL + 1000 }]],
  ['nobody, deleting', async () => [writeOf(SOUL, 'k', STATE, null)]],
  ['a soul with something in front', async () => [writeOf(`foo${SOUL}/bar`, 'k', STATE, 'v')]],
  ['a soul with two owners', async () => [await signed(bob, `${SOUL}~${bob.pub}`)]],
  ['a soul with a hash and an owner', async () => [await hashed(`#${SOUL}`)]],
  ['an alias that links elsewhere', async () => [writeOf('~@alice', SOUL, STATE, { '#': `~${bob.pub}` })]],
  ['an alias in the list that links elsewhere', async () => [writeOf('~@', 'alice', STATE, { '#': SOUL })]],
  ['an account with the key of another', async () => [writeOf(SOUL, 'pub', STATE, bob.pub)]],
  ['a key beside the curve', async () => [await signed(alice, `~${'A'.repeat(43)}.${'A'.repeat(43)}`)]],
  ['a key with its halves turned', async () => [await signed(alice, `~${turned(alice.pub)}`)]],
  ['a field more', async () => [withFields(await signed(), { more: 1 })]],
  ['a field twice', async () => [respelled(await signed(), (text) => text.replace('{', '{":":"w",'))]],
  ['huge nesting', async () => [withText(await signed(), `{":":"v","~":${'['.repeat(100_000)}`)]],
  ['a prototype', async () => [respelled(await signed(), (text) => text.replace('{', '{"__proto__":{},'))]],
  ['other base64', async () => [respelled(await signed(), (text) => text.replace('==', ''))]],
  ['data with the hash of other data', async () => [{ ...(await hashed('files#')), json: '"other"' }]],
  ['data without a hash', async () => [writeOf('files#', 'name', STATE, 'v')]],
];

function signed(pair = alice, soul = SOUL, key = 'k'): Promise<FieldWrite> {
  return signWrite({ soul, key, state: STATE }, 'v', pair);
}

async function hashed(soul: string): Promise<FieldWrite> {
  return writeOf(soul, await hashOf('hello'), STATE, 'hello');
}

async function certificateOf(owner = alice, terms: object = {}): Promise<string> {
  return certify({ guests: '*', write: { '*': '' }, ...terms }, owner);
}

function byGuest(certificate: string, place = PLACE): Promise<FieldWrite> {
  return signWrite(place, 'v', bob, { certificate: parseCertificate(certificate)! });
}

function respelled(write: FieldWrite, change: (text: string) => string): FieldWrite {
  return withText(write, change(textOf(write)));
}

function turned(pub: string): string {
  return pub.split('.').toReversed().join('.');
}

describe('relay and forgers', () => {
  const open = neighbourhoods();

  for (const [title, make] of ATTACKS) {
    it(`refuses whole, stores, serves and passes on nothing: ${title}`, async () => {
      const there = await open();
      const bad = await make();
      const good = [await signed(alice, `${SOUL}/good`), writeOf('open', 'k', STATE, 'v')];
      for (const writes of [bad, [...good, ...bad], [...bad, ...good]]) {
        expect(await there.verdict(graphOfWrites(...writes))).to.be.oneOf(Object.values(REFUSAL));
        for (const write of writes) expect(await there.stored(write)).to.equal(undefined);
      }
      expect(there.seen()).to.deep.equal([]);
      expect(await there.verdict(graphOfWrites(...good))).to.equal('ok');
    });
  }

  it('refuses a node for one property, wherever it stands', async () => {
    const there = await open();
    const [a, b] = [await signed(alice, SOUL, 'a'), await signed(alice, SOUL, 'z')];
    for (const bad of [
      writeOf(SOUL, 'k', STATE, 'v'),
      { ...a, key: 'k' },
      { ...a, key: 'k', state: STATE + 1 },
    ]) {
      for (const writes of [
        [bad, a, b],
        [a, bad, b],
        [a, b, bad],
      ]) {
        expect(await there.verdict(graphOfWrites(...writes))).to.equal(REFUSAL.unverified);
        for (const write of writes) expect(await there.stored(write)).to.equal(undefined);
      }
    }
    expect(there.seen()).to.deep.equal([]);
  });

  it('has stored nothing of all that after a restart either', async () => {
    const folder = await temporaryFolder();
    const settings = { data: folder.path, durability: 'os' } as const;
    const first = await open(AFTER_ALL, settings);
    const good = writeOf('open', 'k', STATE, 'v');
    const attacks = await Promise.all(ATTACKS.map(([, make]) => make()));
    for (const bad of attacks) {
      const verdict = await first.verdict(graphOfWrites(...bad, { ...good, key: 'beside' }));
      expect(verdict).to.not.equal('ok');
    }
    expect(await first.verdict(graphOfWrites(good))).to.equal('ok');
    await first.close();
    const again = await open(AFTER_ALL, settings);
    expect(await again.stored(good)).to.equal('v');
    for (const bad of [...attacks.flat(), { ...good, key: 'beside' }])
      expect(await again.stored(bad)).to.equal(undefined);
    await again.close();
    await folder.remove();
  });

  it('refuses a message of thousands of writes for the last of them', async () => {
    const there = await open();
    const keys = Array.from({ length: 2000 }, (_, at) => `k${at}`);
    const good = await Promise.all(keys.map((key) => signed(alice, SOUL, key)));
    const graph = graphOfWrites(...good, writeOf(`${SOUL}/last`, 'k', STATE, 'unsigned'));
    expect(await there.verdict(graph)).to.equal(REFUSAL.unverified);
    expect(there.seen()).to.deep.equal([]);
    expect(await there.stored(good[0]!)).to.equal(undefined);
    expect(await there.verdict(graphOfWrites(...good))).to.equal('ok');
    expect(await there.stored(good[1999]!)).to.equal(textOf(good[1999]!));
  });

  it('goes on with the other messages of a frame', async () => {
    const { writer } = await open();
    const bad = writeOf(SOUL, 'k', STATE, 'unsigned');
    const [a, b, c] = [await signed(alice, SOUL, 'a'), bad, await signed(alice, SOUL, 'c')];
    writer.send([a, b, c].map((write, at) => ({ '#': `m${at}`, put: graphOfWrites(write) })));
    const answers = await Promise.all(['m0', 'm1', 'm2'].map((id) => writer.reply(id)));
    expect(answers.map(({ ok, err }) => err ?? ok)).to.deep.equal([true, REFUSAL.unverified, true]);
  });

  it('keeps the text that it stored first, whoever says the same in other words', async () => {
    const there = await open();
    const first = await signed();
    expect(await there.verdict(graphOfWrites(first))).to.equal('ok');
    const told = there.seen().length;
    const { ':': value, '~': signature } = envelopeOf(first);
    const again = [
      withFields(first, { '~': otherHalf(signature as string) }),
      withText(first, JSON.stringify({ '~': signature, ':': value })),
      respelled(first, (text) => text.replaceAll(',', ', ')),
      await signed(),
      await signed(),
      await signed(),
    ];
    for (const write of again) {
      expect(write.json).to.not.equal(first.json);
      expect(await there.verdict(graphOfWrites(write))).to.equal('ok');
    }
    expect(there.seen()).to.have.lengthOf(told);
    expect(await there.stored(first)).to.equal(textOf(first));
    const greater = await signWrite(PLACE, 'w', alice);
    const least = JSON.stringify(textOf(first)) < greater.json ? greater : first;
    expect(await there.verdict(graphOfWrites(greater))).to.equal('ok');
    expect(await there.stored(first)).to.equal(textOf(least));
  });

  it('takes nothing forged for an answer, from whomever it asked', async () => {
    const there = await open();
    const forged = writeOf(SOUL, 'name', STATE, 'forged');
    there.forged = forged;
    const { put } = await there.reader.get({ '#': SOUL });
    expect(put).to.equal(undefined);
    expect(await there.stored(forged)).to.equal(undefined);
    const refusal = await there.peered.next(({ err }) => err !== undefined, 'a refusal');
    expect(refusal.err).to.equal(REFUSAL.unverified);
  });

  it('takes nothing forged from a client that it asks for what it wrote while away', async () => {
    const there = await open();
    const soul = `${SOUL}/doc`;
    const client = there.writer;
    await client.put(graphOfWrites(await signed(alice, soul)));
    const id = freshId();
    client.send({ '#': id, get: { '#': soul } });
    const asked = await client.next(({ get }) => get !== undefined, 'a question');
    const forged = writeOf(soul, 'k', STATE + 1, 'forged');
    client.send({ '#': freshId(), '@': asked['#']!, put: graphOfWrites(forged) });
    const { err } = await client.next((message: RawMessage) => message.err !== undefined, 'a refusal');
    expect(err).to.equal(REFUSAL.unverified);
    expect(await there.stored(forged)).to.equal(textOf(await signedStored(there, soul)));
  });

  it('takes nothing forged from a relay that it dials', async () => {
    const away = await open(AFTER_ALL, { sea: 'off' });
    const forged = writeOf(SOUL, 'name', STATE, 'forged');
    expect(await away.verdict(graphOfWrites(forged))).to.equal('ok');
    const here = await open(AFTER_ALL, { peers: [`http://127.0.0.1:${away.relay.port}/gun`] });
    const mark = freshName('mark');
    await here.reader.get({ '#': mark });
    // Their link, of which neither tells, is up.
    for (let at = 0; (await here.writer.value(mark, 'k')) === undefined; at += 1) {
      await away.writer.put(graphOf(mark, { k: at }, STATE + at));
    }
    expect((await here.reader.get({ '#': SOUL })).put).to.equal(undefined);
    await away.verdict(graphOfWrites({ ...forged, state: STATE + 1 }));
    await away.verdict(graphOf(mark, { last: 1 }, STATE));
    await here.reader.next(({ put }) => put?.[mark]?.['last'] === 1, 'the last');
    expect(here.seen().filter((name) => name.startsWith(SOUL))).to.deep.equal([]);
    expect(await here.stored(forged)).to.equal(undefined);
  });

  it('cuts off who is refused more than a thousand times in a minute', async () => {
    const { writer } = await open();
    for (let at = 0; at <= 1000; at += 1) {
      writer.send({ '#': `bad${at}`, put: graphOf(SOUL, { k: at }, STATE) });
    }
    expect(await writer.closed).to.equal(1008);
  });

  it('counts what it refuses, by reason', async () => {
    const there = await open();
    const expired = await byGuest(await certificateOf(alice, { expires: STATE - 1 }));
    const bads = [writeOf(SOUL, 'k', STATE, 1), expired, writeOf('#', 'k', STATE, 1)];
    for (const bad of bads) expect(await there.verdict(graphOfWrites(bad))).to.not.equal('ok');
    const page = await (await fetch(`http://127.0.0.1:${there.relay.port}/metrics`)).text();
    for (const reason of ['signature', 'certificate', 'protected']) {
      expect(page).to.include(`thicket_refused_total{reason="${reason}"} 1`);
    }
  });

  it('relays blindly with --sea off', async () => {
    const there = await open(AFTER_ALL, { sea: 'off' });
    for (const write of [
      writeOf(SOUL, 'k', STATE, 'forged'),
      withFields(await signed(carol), { '*': bob.pub }),
    ]) {
      expect(await there.verdict(graphOfWrites(write))).to.equal('ok');
    }
    expect(there.seen()).to.not.have.lengthOf(0);
  });
});

/** What the relay holds under the key of {@link signed}. */
async function signedStored(there: Neighbourhood, soul: string): Promise<FieldWrite> {
  return writeOf(soul, 'k', STATE, (await there.stored(writeOf(soul, 'k', STATE, ''))) as string);
}
