/** Behaviour of a running relay towards frames that end, stall or mislead others (gun-wire sections 7, 15, 17). */
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { graphOf, RawPeer, type RawMessage } from '../support/raw-peer.ts';
import { loadVectors } from '../support/vectors.ts';

/** A recorded frame; other fields tell what a gun relay does. */
interface FrameCase {
  readonly name: string;
  readonly frame: string;
}

interface CrashCase {
  readonly frame_name: string;
  readonly frame: string;
}

/**
 * What the sender is told: nothing, an acknowledgement, "not found", a parse error, an `err` with a path, or a
 * notice with a path when no answer could name the message.
 */
type Expected =
  'ignored' | 'acked' | 'not found' | 'not json' | { readonly err: string } | { readonly notice: string };

function all(names: readonly string[], expected: Expected): [string, Expected][] {
  return names.map((name) => [name, expected]);
}

function refused(pairs: readonly (readonly [name: string, path: string])[]): [string, Expected][] {
  return pairs.map(([name, path]) => [name, { err: path }]);
}

const EXPECTED: ReadonlyMap<string, Expected> = new Map([
  ...all(
    [
      'text that is not JSON',
      'number',
      'quoted string',
      'empty array',
      'leading space',
      'close brace first',
      'array of null',
      '[[{..}]]',
      '[{}]',
      'dam ! from peer',
      'dam "one" (internal function name)',
      'dam "call"',
      'dam "c" (counter)',
      'dam unknown with put',
      'ack for unknown',
      'dam one',
      'dam c',
      'nested arrays',
    ],
    'ignored',
  ),
  // D7
  ...all(
    [
      'bad literal',
      'truncated array of object',
      'truncated array [1,2',
      'array never closed with object',
      'two objects in a frame',
      'single quotes',
      '{,}',
      'object with trailing comma',
      'NaN literal',
      'undefined literal',
    ],
    'not json',
  ),
  ...all(
    [
      'numeric id',
      'object id',
      'id true',
      'empty id',
      'id __proto__',
      'get with nts',
      'get . {}',
      'get soul toString',
      'get % string',
      'get soul with ESC',
    ],
    'not found',
  ),
  // D28 for the empty put; D8 and D9 for odd names.
  ...all(
    [
      'get and put in one message',
      'put {}',
      'put with no #',
      'extra state without value',
      'node with only meta',
      'extra meta field',
      'state float',
      'link ok',
      'value ""',
      'value 0',
      'value -0',
      'value false',
      'value null',
      'value 1e21',
      'key "#"',
      'key ">"',
      'key with ESC',
      'soul with ESC',
      'soul undefined (text)',
      'soul "at"',
      'soul "length"',
      'soul "constructor"',
      'soul "__proto__"',
      'key "__proto__"',
      'key "constructor"',
      'key "toString"',
      'put with @ to unknown',
      'put with @ and ##',
      'err from peer with put',
      'ok string',
      'ok null',
      'message with out field',
      'message with DBG',
      'message with nts',
      'message with seen',
      'soul named link before any get',
      'soul named constructor',
      'control: normal put',
    ],
    'acked',
  ),
  // D1, D2, D6
  ...refused([
    ['put null', 'put'],
    ['put string', 'put'],
    ['put array', 'put'],
    ['put array of node', 'put'],
    ['put number', 'put'],
    ['put {"#","."} shard form', 'put["#"]'],
    ['node null', 'put["n"]'],
    ['node without _', 'put["n"]["_"]'],
    ['node _ empty', 'put["n"]["_"]["#"]'],
    ['soul mismatch', 'put["n"]["_"]["#"]'],
    ['soul empty', 'put[""]'],
    ['node _ > empty (missing state)', 'put["n"]["_"][">"]["k"]'],
    ['state null', 'put["n"]["_"][">"]["k"]'],
    ['state string "5"', 'put["n"]["_"][">"]["k"]'],
    ['state string "abc"', 'put["n"]["_"][">"]["k"]'],
    ['state -1e999 (-Infinity)', 'put["n"]["_"][">"]["k"]'],
    ['1e999', 'put["n"]["k"]'],
    ['value []', 'put["n"]["k"]'],
    ['value [1]', 'put["n"]["k"]'],
    ['value {a:1}', 'put["n"]["k"]'],
    ['link number soul', 'put["n"]["k"]'],
    ['key ""', 'put["n"][""]'],
    ['key "" with another', 'put["n"][""]'],
    ['one valid node, one invalid', 'put["bad"]["_"]'],
    ['one invalid node, one valid', 'put["bad"]["_"]'],
    ['valid key then invalid key', 'put["n"]["b"]'],
    ['get null', 'get'],
    ['get # null', 'get["#"]'],
    ['get # number', 'get["#"]'],
    ['get . null', 'get["."]'],
    ['get . number', 'get["."]'],
  ]),
]);

/** Frames beyond the recorded ones. */
const FURTHER: readonly (FrameCase & { readonly expected: Expected })[] = [
  { name: 'a get without soul', frame: '{"#":"further01","get":{".":"x"}}', expected: { err: 'get["#"]' } },
  { name: 'a get that is a text', frame: '{"#":"further02","get":"x"}', expected: { err: 'get' } },
  {
    name: 'a read of the whole store',
    frame: '{"#":"further03","get":{"#":{"*":""}}}',
    expected: { err: 'get["%"]' },
  },
  { name: 'a deep array', frame: `${'['.repeat(100_000)}${']'.repeat(100_000)}`, expected: 'ignored' },
  // Large frames are read in steps, to a depth no message needs.
  {
    name: 'a deep array of megabytes',
    frame: `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`,
    expected: 'not json',
  },
  {
    name: 'a deep id',
    frame: `{"#":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)},"get":{"#":"x"}}`,
    expected: { notice: '#' },
  },
  {
    name: 'a deep value',
    frame: `{"#":"further04","put":{"n":{"_":{"#":"n",">":{"k":1}},"k":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}}}`,
    expected: { err: 'put["n"]["k"]' },
  },
  {
    name: 'mob',
    frame: '{"#":"further05","dam":"mob","mob":1,"peers":{"http://127.0.0.1:9/gun":{}}}',
    expected: 'ignored',
  },
  {
    name: 'opt',
    frame: '{"#":"further06","dam":"opt","opt":{"peers":"http://127.0.0.1:9/gun"}}',
    expected: 'ignored',
  },
  {
    name: 'a reply to __proto__',
    frame: '{"#":"further07","@":"__proto__","ok":{"polluted":1}}',
    expected: 'ignored',
  },
  {
    name: 'a pid that is an object',
    frame: '{"#":"further08","@":"x","dam":"?","pid":{"__proto__":{"polluted":1}}}',
    expected: 'ignored',
  },
];

const { cases: malformed } = loadVectors<{ cases: FrameCase[] }>('gun/malformed.json');
const { cases: crashes } = loadVectors<{ cases: CrashCase[] }>('gun/crash.json');
const RECORDED: readonly FrameCase[] = [
  ...malformed,
  ...crashes.map(({ frame_name, frame }) => ({ name: frame_name, frame })),
];
const CASES: readonly (FrameCase & { readonly expected: Expected | undefined })[] = [
  ...RECORDED.map(({ name, frame }) => ({ name, frame, expected: EXPECTED.get(name) })),
  ...FURTHER,
];

/** The id in answers to a frame: its own, or any when it has none that counts. */
function idOf(frame: string): unknown {
  try {
    const message = JSON.parse(frame) as Record<string, unknown> | null;
    return message?.['#'] || undefined;
  } catch {
    return undefined;
  }
}

/** What the graph of an acknowledged frame says, as JSON texts by soul and key. */
function valuesOf(frame: string): [soul: string, key: string, json: string][] {
  const { put } = JSON.parse(frame) as { put: Record<string, Record<string, unknown>> };
  return Object.entries(put).flatMap(([soul, node]) =>
    Object.entries(node)
      .filter(([key]) => key !== '_')
      .map(([key, value]): [string, string, string] => [soul, key, JSON.stringify(value)]),
  );
}

/** Souls that a refused frame tried to write. */
function soulsOf(frame: string): string[] {
  const { put } = JSON.parse(frame) as { put?: unknown };
  return typeof put === 'object' && put !== null ? Object.keys(put).filter((soul) => soul !== '') : [];
}

/** Everything that a polluted prototype would show. */
function prototypes(): unknown {
  return [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype].map(
    (each) => Reflect.ownKeys(each),
  );
}

/** Everything the relay said to a frame; its greeting and its own reads are not about it. */
async function answersTo(peer: RawPeer, frame: string): Promise<RawMessage[]> {
  await peer.next(({ dam }) => dam === '?');
  peer.sendText(frame);
  const barrier = 'barrier01';
  await peer.put({}, barrier);
  await peer.caughtUp();
  return peer.messages.all
    .filter((message) => message.dam !== '?' && message.get === undefined && message['@'] !== barrier)
    .slice(0, -1);
}

function check(frame: string, answers: readonly RawMessage[], expected: Expected): void {
  if (expected === 'ignored') {
    expect(answers).to.deep.equal([]);
    return;
  }
  expect(answers).to.have.length(1);
  const [answer] = answers as [RawMessage];
  if (expected === 'not json') {
    expect(answer).to.include({ dam: '!', err: 'DAM JSON parse error.' });
    return;
  }
  if (typeof expected === 'object' && 'notice' in expected) {
    expect(answer).to.include({ dam: '!' });
    expect(answer.err?.slice(0, expected.notice.length + 1)).to.equal(`${expected.notice}:`);
    return;
  }
  const id = idOf(frame);
  if (id !== undefined) expect(answer['@']).to.deep.equal(id);
  else expect(answer['@']).to.be.a('string').and.not.equal('');
  if (expected === 'acked') expect(answer).to.include({ ok: true }).and.not.have.property('err');
  else if (expected === 'not found') expect(Object.keys(answer)).to.have.members(['#', '@']);
  else expect(answer.err?.slice(0, expected.err.length + 1)).to.equal(`${expected.err}:`);
}

describe('relay and hostile frames', () => {
  let relay: Relay;

  beforeEach(async () => {
    relay = createRelay({ port: 0, host: '127.0.0.1', logLevel: 'silent' }, { storage: new MemoryStorage() });
    await relay.listen();
  });

  afterEach(() => relay.close());

  function meet(): Promise<RawPeer> {
    return RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
  }

  async function checkStore(frame: string, expected: Expected): Promise<void> {
    const peer = await meet();
    if (expected === 'acked') {
      for (const [soul, key, json] of valuesOf(frame)) {
        const { put } = await peer.get({ '#': soul, '.': key });
        expect(Object.keys(put ?? {})).to.deep.equal([soul]);
        expect(JSON.stringify(Object.getOwnPropertyDescriptor(put![soul]!, key)?.value)).to.equal(json);
      }
    } else if (typeof expected === 'object') {
      for (const soul of soulsOf(frame)) expect(await peer.get({ '#': soul })).to.not.have.property('put');
    }
    await peer.close();
  }

  async function checkHealth(): Promise<void> {
    const [writer, reader] = await Promise.all([meet(), meet()]);
    await reader.get({ '#': 'healthy' });
    expect(await writer.put(graphOf('healthy', { text: 'as ever' }))).to.include({ ok: true });
    expect((await reader.pushed('healthy')).put?.['healthy']).to.include({ text: 'as ever' });
    expect(await writer.value('healthy', 'text')).to.equal('as ever');
    await Promise.all([writer.close(), reader.close()]);
  }

  it('has an expectation for every recorded frame, and no other', () => {
    const names = new Set(CASES.map(({ name }) => name));
    expect(CASES.filter(({ expected }) => expected === undefined).map(({ name }) => name)).to.deep.equal([]);
    expect([...EXPECTED.keys()].filter((name) => !names.has(name))).to.deep.equal([]);
    expect(malformed.length).to.be.greaterThan(100);
  });

  for (const { name, frame, expected } of CASES) {
    it(`answers ${name} (${frame.slice(0, 60)}) and stays as it was`, async () => {
      const before = prototypes();
      const bystander = await meet();
      await bystander.get({ '#': 'n' });
      const peer = await meet();
      const answers = await answersTo(peer, frame);
      check(frame, answers, expected!);
      await checkStore(frame, expected!);
      await bystander.caughtUp();
      if (typeof expected === 'object') expect(bystander.putsOf('n')).to.deep.equal([]);
      await checkHealth();
      expect(prototypes()).to.deep.equal(before);
      await Promise.all([peer.close(), bystander.close()]);
    });
  }

  it('survives all of them on one connection, in one frame and in pieces', async () => {
    const peer = await meet();
    for (const { frame } of CASES) peer.sendText(frame);
    peer.sendText(`[${CASES.map(({ frame }) => JSON.stringify(frame)).join(',')}]`);
    peer.sendText(CASES.map(({ frame }) => frame).join(''));
    await peer.caughtUp();
    await checkHealth();
    await peer.close();
  });
});
