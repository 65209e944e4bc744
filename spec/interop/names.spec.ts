import { expect } from 'chai';
import type { GunProcess } from '../support/gun-process.ts';
import { InteropWorld, useRelay } from '../support/interop-world.ts';
import { freshName, graphOf } from '../support/raw-peer.ts';

/** What a spec calls a name, and the name. */
type Named = readonly [label: string, name: string];

/** Names that apps use or that trip careless stores. Those with `#`, `~` or `<?` belong to user space. */
const NAMES: readonly Named[] = [
  ['spaces', ' a  b '],
  ['slashes', 'a/b//c/'],
  ['quotes', `"double" 'single' \`back\``],
  ['backslashes', 'a\\b\\\\n'],
  ['line ends and tabs', 'a\r\n\tb'],
  ['umlauts', 'Grüße-straße'],
  ['combining marks', 'e\u0301 versus \u00e9'],
  ['emoji', '👩‍👩‍👧 and 🦄'],
  ['right-to-left text', 'שלום عالم'],
  ['full-width forms', 'ＡＢＣ'],
  ['the last code point', '\u{10ffff}'],
  ['percent signs', '100%25 %2F'],
  ['dots', '../../etc/passwd'],
  ['a question mark', 'what?who=me'],
  ['gun punctuation', '.>=*-@|'],
  ['length', 'length'],
  ['numbers', '1234567890'],
  ['ESC', 'a\u001bb'],
  ['NUL', 'a\u0000b'],
  ['the unit separator', 'a\u001fb'],
  ['a long name', 'long'.repeat(500)],
];

/** Names that every object has; gun's client takes them as properties of a node that is put whole. */
const BUILT_IN: readonly Named[] = [
  ['constructor', 'constructor'],
  ['toString', 'toString'],
  ['hasOwnProperty', 'hasOwnProperty'],
  ['valueOf', 'valueOf'],
];

/** Names that gun's client loses itself. */
const WIRE_ONLY: readonly Named[] = [
  ['__proto__', '__proto__'],
  ['a lone surrogate', 'a\ud800b'],
];

describe('interop: odd names', function () {
  this.timeout(30_000);
  const shared = useRelay();
  const clients = new InteropWorld();
  let alice: GunProcess;
  let bob: GunProcess;

  before(async () => {
    [alice, bob] = await clients.pair(shared.relay);
  });
  after(() => clients.end());

  for (const [label, name] of NAMES) {
    it(`carries ${label} in souls, keys and values`, async () => {
      const soul = freshName('names') + name;
      const heard = await bob.on([soul, name]);
      expect(await alice.put([soul, name], name)).to.deep.equal({ ok: true });
      await heard.equals(name);
      const carl = await shared.world.gun({ peers: [shared.relay] });
      expect(await carl.once([soul, name])).to.equal(name);
      expect(await carl.once([soul])).to.deep.equal({ [name]: name });
    });
  }

  for (const [label, name] of BUILT_IN) {
    it(`carries ${label} as a property`, async () => {
      const soul = freshName('names') + name;
      expect(await alice.put([soul], { [name]: name })).to.deep.equal({ ok: true });
      expect(await bob.once([soul])).to.deep.equal({ [name]: name });
    });
  }

  for (const [label, name] of [...NAMES, ...BUILT_IN, ...WIRE_ONLY]) {
    it(`serves a node called exactly ${label} under that name and no other`, async () => {
      const peer = await shared.world.raw(shared.relay);
      const ack = await peer.put(
        graphOf(name, [
          [name, name],
          ['plain', 1],
        ]),
      );
      expect(ack.err).to.equal(undefined);
      expect(await peer.value(name, name)).to.equal(name);
      const reply = await peer.get({ '#': name });
      expect(Object.keys(reply.put ?? {})).to.deep.equal([name]);
      expect(Object.entries(reply.put?.[name] ?? {}).filter(([key]) => key !== '_')).to.have.deep.members([
        [name, name],
        ['plain', 1],
      ]);
    });
  }

  it('keeps names with separators apart over a restart', async () => {
    const names = [
      'n',
      'n\u001bx',
      'n\u0000x',
      'n\u001b',
      'n%1B',
      'n%1Bx',
      'x',
      'n\u001b\u001bx',
      '__proto__',
    ];
    const data = await shared.world.folder();
    const relay = await shared.world.relay({ data });
    const writer = await shared.world.raw(relay);
    for (const soul of names) {
      const fields = names.map((key) => [key, `${soul} ${key}`] as const);
      const ack = await writer.put(graphOf(soul, fields));
      expect(ack.err).to.equal(undefined);
    }
    await relay.stop();
    const again = await shared.world.relay({ data });
    const reader = await shared.world.raw(again);
    for (const soul of names) {
      for (const key of names) expect(await reader.value(soul, key)).to.equal(`${soul} ${key}`);
    }
  });

  it('finds long names of every script on disk, when it reads and when it merges', async () => {
    const names = ['日本語の長い名前', 'Ελληνικά ονόματα', 'длинные имена', '👩‍👩‍👧 and 🦄', 'ascii'].map(
      (name) => name.repeat(6),
    );
    const data = await shared.world.folder();
    const relay = await shared.world.relay({ data });
    const writer = await shared.world.raw(relay);
    for (const name of names) await writer.put(graphOf(name, [[name, 'newer']], 5));
    await relay.stop();
    const again = await shared.world.relay({ data });
    const late = await shared.world.raw(again);
    // Short names first: whatever a store keeps for the next key must not depend on the one before.
    await late.value('y', 'y');
    for (const name of names) {
      expect(await late.value(name, name)).to.equal('newer');
      await late.value('y', 'y');
      await late.put(graphOf(name, [[name, 'older']], 4));
      expect(await late.value(name, name)).to.equal('newer');
    }
    await again.stop();
    const third = await shared.world.raw(await shared.world.relay({ data }));
    for (const name of names) {
      expect((await third.get({ '#': name })).put).to.deep.equal(graphOf(name, [[name, 'newer']], 5));
    }
  });
});
