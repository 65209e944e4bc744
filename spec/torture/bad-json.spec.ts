import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { get, meshWorlds, PAST, put, type MeshWorld } from '../support/mesh-world.ts';
import { freshId, graphOf, RawPeer, type RawMessage, type RawNode } from '../support/raw-peer.ts';
import type { RecordingLink } from '../support/recording-link.ts';
import { START_MS } from '../support/fake-clock.ts';
import { storeLines } from '../support/store-lines.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { createRelay } from '../../relay/relay.ts';
import { Chance } from './chance.ts';
import { JUNK } from './frame-maker.ts';
import { StrictReader } from './strict-reader.ts';

const DEPTH = 100_000;
/** Deeper than any call may nest, and quick enough for every field. */
const DEPTH_IN_FIELDS = 20_000;

/** Names that objects, functions, arrays and promises have already. */
const BUILT_IN: readonly string[] = [
  ...new Set([
    ...[Object, Function, Array, String, Map, Promise].flatMap(({ prototype }) =>
      Object.getOwnPropertyNames(prototype),
    ),
    'prototype',
    'toJSON',
    'undefined',
  ]),
];

/** One message of each kind with every field it may have. */
const MESSAGES: Readonly<Record<string, RawMessage>> = {
  put: {
    '#': 'ID',
    '@': 'q',
    '##': 1,
    '%': 'x',
    '><': 'a',
    put: { s: { _: { '#': 's', '>': { k: 5 } }, k: { '#': 't' } } },
    ok: { '@': 9, '/': 1 },
    err: '',
  },
  get: {
    '#': 'ID',
    get: { '#': { '*': 's', '-': 1 }, '.': { '=': 'k', '>': 'a', '<': 'z' }, '%': 100, '-': 1 },
    '##': 5,
    nts: 1,
  },
  ack: { '#': 'ID', '@': 'q', ok: { rtc: { id: 1 } }, err: 'x' },
  control: { '#': 'ID', '@': 'q', dam: '?', pid: 'p', relay: false, peers: {} },
};

/** Copies of a message's text, each with one of its values replaced. */
function spoilt(message: unknown, junk: string): string[] {
  if (typeof message !== 'object' || message === null) return [];
  const members = Object.entries(message);
  const textWith = (at: number, text: string): string =>
    `{${members.map(([key, value], i) => `"${key}":${i === at ? text : JSON.stringify(value)}`).join()}}`;
  return members.flatMap(([, value], at) => [junk, ...spoilt(value, junk)].map((text) => textWith(at, text)));
}

/** A node with one property, in a put. */
function node(soul: string, value: number): string {
  return `"${soul}":{"_":{"#":"${soul}",">":{"k":1}},"k":${value}}`;
}

/** True when a field of a read means a name, read in the plainest way. */
function means(field: unknown, name: string): boolean {
  if (field === undefined || field === '') return true;
  if (typeof field === 'string') return name === field;
  const {
    '=': exact,
    '*': prefix = '',
    '>': from = '',
    '<': to,
  } = field as Record<string, string | undefined>;
  if (exact !== undefined) return exact === '' || name === exact;
  return name.startsWith(prefix) && name >= from && (to === undefined || name <= to);
}

/** What an answer to one message may be: nothing, an acknowledgement, a refusal, data, or a notice. */
function kindOf(answer: RawMessage): string {
  if (answer.dam === '!') return 'notice';
  if (answer.err !== undefined) return 'refusal';
  return answer.ok === true ? 'ack' : 'data';
}

/** An honest peer writes and reads as if nothing was. */
async function checkHonest(world: MeshWorld): Promise<void> {
  const honest = await world.client('honest');
  const message = put(freshId(), 'honest', { k: freshId() }, world.time.clock());
  expect(await world.ask(honest, message)).to.have.nested.property('[0].ok', true);
  const [answer] = await world.ask(honest, get(freshId(), 'honest'));
  expect(answer?.put).to.deep.equal(message.put);
  honest.hangUp();
  expect(world.events.filter(({ kind }) => kind.endsWith('failed'))).to.deep.equal([]);
}

/** What a peer is told about a frame. */
async function told(world: MeshWorld, link: RecordingLink, frame: string): Promise<RawMessage[]> {
  link.news();
  link.sayText(frame);
  await world.advance(400, 200);
  return link.news().filter((message) => message.get === undefined && message.dam !== '?');
}

/** A value in arrays or objects of some depth. */
function nested(open: string, close: string, depth: number): string {
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

describe('relay and bad JSON', () => {
  const newWorld = meshWorlds();

  it('says so for every beginning of a frame, and takes nothing of it', async () => {
    const world = await newWorld();
    const whole = JSON.stringify([put('w1', 'a', { k: 1 }), JSON.stringify(put('w2', 'b', { k: 2 }))]);
    const peer = await world.client();
    for (let length = 1; length < whole.length; length += 1) {
      // Of many bad frames of one peer only some are answered.
      const stranger = await world.client(`cut ${length}`);
      const answers = await told(world, stranger, whole.slice(0, length));
      expect(answers.map(kindOf), whole.slice(0, length)).to.deep.equal(['notice']);
    }
    expect(await storeLines(world.storage)).to.deep.equal([]);
    expect((await told(world, peer, whole)).map(kindOf)).to.deep.equal(['ack', 'ack']);
    await checkHonest(world);
  });

  for (const [name, open, close] of [
    ['arrays', '[', ']'],
    ['objects', '{"#":', '}'],
    ['objects named like prototypes', '{"__proto__":', '}'],
  ] as const) {
    it(`survives ${DEPTH} nested ${name} wherever a value may stand`, async () => {
      const world = await newWorld();
      const deep = nested(open, close, DEPTH);
      const texts = Object.values(MESSAGES).flatMap((message) =>
        spoilt(message, nested(open, close, DEPTH_IN_FIELDS)),
      );
      for (const [at, text] of texts.entries()) {
        const peer = await world.client(`deep ${at}`);
        await told(world, peer, text.replace('"ID"', `"d${at}"`));
        peer.hangUp();
      }
      for (const frame of [deep, `[${deep}]`, `[${JSON.stringify(deep)}]`, open.repeat(DEPTH)]) {
        const peer = await world.client();
        expect((await told(world, peer, frame)).length).to.be.at.most(1);
        peer.hangUp();
      }
      await checkHonest(world);
    });
  }

  for (const [kind, message] of Object.entries(MESSAGES)) {
    it(`takes or refuses a ${kind} whole, whatever stands in any of its fields`, async () => {
      const world = await newWorld();
      const reader = new StrictReader();
      const texts = JUNK.flatMap((junk) => spoilt(message, junk));
      expect(texts.length).to.be.greaterThan(100);
      for (const [at, text] of texts.entries()) {
        const frame = text.replace('"ID"', `"i${at}"`);
        const peer = await world.client(`peer ${at}`);
        reader.hear(peer.name, frame, world.time.clock());
        const before = reader.count;
        const answers = await told(world, peer, frame);
        expect(answers.length, frame).to.be.at.most(1);
        if (kind === 'put' && before !== reader.count)
          expect(answers.map(kindOf), frame).to.deep.equal(['ack']);
        peer.hangUp();
      }
      expect(await storeLines(world.storage)).to.deep.equal(reader.lines(world.time.clock()));
      await checkHonest(world);
    });
  }

  it('takes the last of several equal names, as JSON has it, and checks what it takes', async () => {
    const world = await newWorld();
    const cases: readonly (readonly [frame: string, answers: readonly string[], lines: readonly string[]])[] =
      [
        [`{"#":"x1","#":"x2","put":{${node('a', 1)}}}`, ['x2'], ['["a","k",1,"1"]']],
        [`{"#":"x3","put":{${node('b', 1)}},"put":{${node('c', 2)}}}`, ['x3'], ['["c","k",1,"2"]']],
        [`{"#":"x4","put":{${node('d', 1)},${node('d', 2)}}}`, ['x4'], ['["d","k",1,"2"]']],
        [`{"#":"x5","put":{"e":{"_":{"#":"e",">":{"k":1,"k":2}},"k":3,"k":4}}}`, ['x5'], ['["e","k",2,"4"]']],
        [`{"#":"x6","put":{"f":{"_":{"#":"f",">":{"k":1}},"k":1,"_":{"#":"g",">":{"k":1}}}}}`, ['x6'], []],
        [`{"#":"x7","put":{${node('h', 1)}},"put":null}`, ['x7'], []],
      ];
    const peer = await world.client();
    for (const [frame, ids, lines] of cases) {
      const before = await storeLines(world.storage);
      expect(
        (await told(world, peer, frame)).map((answer) => answer['@']),
        frame,
      ).to.deep.equal(ids);
      const added = (await storeLines(world.storage)).filter((line) => !before.includes(line));
      expect(added, frame).to.deep.equal(lines);
    }
  });

  it('takes states up to the horizon and down to the least number there is', async () => {
    const world = await newWorld();
    const horizon = START_MS + DEFAULT_LIMITS.futureMs;
    const cases: readonly (readonly [state: string, isTaken: boolean])[] = [
      [String(horizon), true],
      [String(horizon + 1), false],
      ['1.7976931348623157e308', false],
      ['1e309', false],
      ['-1.7976931348623157e308', true],
      ['-1e309', false],
      ['5e-324', true],
      ['-0', true],
      ['0.1', true],
    ];
    const peer = await world.client();
    for (const [at, [state, isTaken]] of cases.entries()) {
      const soul = `s${at}`;
      peer.sayText(`{"#":"n${at}","put":{"${soul}":{"_":{"#":"${soul}",">":{"k":${state}}},"k":${at}}}}`);
      await world.settle();
      expect(peer.news().map(kindOf), state).to.deep.equal([isTaken ? 'ack' : 'refusal']);
    }
    await world.advance(DEFAULT_LIMITS.futureMs, DEFAULT_LIMITS.futureMs / 2);
    const stored = (await storeLines(world.storage)).map((line) => (JSON.parse(line) as [string])[0]);
    expect(stored).to.deep.equal(cases.flatMap(([, isTaken], at) => (isTaken ? [`s${at}`] : [])));
  });

  describe('names that objects have already', () => {
    it('come back exactly as ids, souls and keys, also after a restart, and are nothing else', async () => {
      const world = await newWorld();
      const peer = await world.client();
      for (const name of BUILT_IN) {
        const fields = [[name, name] as const, ['plain', 1] as const];
        const message = { '#': name, put: graphOf(name, fields, PAST) };
        const [ack] = await world.ask(peer, message);
        expect(ack, name).to.deep.include({ '@': name, ok: true });
      }
      const again = await newWorld({ storage: world.storage });
      for (const { world: each, client } of [
        { world, client: await world.client('same') },
        { world: again, client: await again.client('later') },
      ]) {
        for (const name of BUILT_IN) {
          const wanted = graphOf(
            name,
            [
              [name, name],
              ['plain', 1],
            ],
            PAST,
          );
          const [whole] = await each.ask(client, get(`r ${name}`, name));
          expect(whole?.put, name).to.deep.equal(wanted);
          const [one] = await each.ask(client, get(`f ${name}`, name, name));
          expect(one?.put, name).to.deep.equal(graphOf(name, [[name, name]], PAST));
          const [lex] = await each.ask(client, get(`l ${name}`, { '=': name }, { '=': name }));
          expect(Object.keys(lex?.put ?? {}), name).to.deep.equal([name]);
        }
      }
    });

    it('are not found where nobody wrote them', async () => {
      const world = await newWorld();
      const peer = await world.client();
      await world.ask(peer, put('w1', 'soul', { k: 1 }));
      for (const name of BUILT_IN) {
        for (const message of [get(`a ${name}`, name), get(`b ${name}`, 'soul', name)]) {
          const [answer] = await world.ask(peer, message);
          expect(Object.keys(answer ?? {}), name).to.have.members(['#', '@']);
        }
      }
    });

    it('are process ids like any other', async () => {
      const world = await newWorld();
      for (const pid of BUILT_IN) {
        const peer = await world.client(`first ${pid}`, pid);
        await world.ask(peer, put(`w ${pid}`, `written by ${pid}`, { k: 1 }));
        peer.hangUp();
        const back = new Set<unknown>();
        const again = await world.client(`again ${pid}`, null);
        for (const message of await world.ask(again, { dam: '?', pid, '@': 'x', '#': `h ${pid}` }))
          back.add(message.get);
        expect([...back], pid).to.deep.equal([{ '#': `written by ${pid}` }]);
        again.hangUp();
      }
    });

    it('are no control messages, and no operators of a LEX', async () => {
      const world = await newWorld();
      const peer = await world.client();
      await world.ask(peer, put('w1', 'soul', { k: 1, l: 2 }));
      for (const name of BUILT_IN) {
        expect(
          await world.ask(peer, { '#': `c ${name}`, dam: name, put: graphOf('x', { k: 1 }, PAST) }),
        ).to.deep.equal([]);
        const lex = Object.fromEntries([
          [name, 'k'],
          ['=', 'k'],
        ]);
        const [answer] = await world.ask(peer, get(`l ${name}`, 'soul', lex));
        expect(answer?.put, name).to.deep.equal(graphOf('soul', { k: 1 }, PAST));
      }
      expect(await world.graph.readField('x', 'k')).to.equal(undefined);
    });
  });

  describe('a LEX of any shape', () => {
    const souls = ['a', 'ab', 'abc', 'b', 'ba', '\u0000', '\ud800', '😀', '__proto__'];
    const bounds: readonly unknown[] = [
      undefined,
      undefined,
      '',
      'a',
      'ab',
      'b',
      '\ud800',
      null,
      5,
      {},
      ['a'],
      true,
    ];

    function anyLex(chance: Chance): unknown {
      if (chance.happens(0.4)) return chance.pick(bounds);
      const operators = ['=', '*', '>', '<', '-', '+', '%'].filter(() => chance.happens(0.4));
      const pairs = operators.map((operator) => [operator, chance.pick(bounds)]);
      return Object.fromEntries(pairs.filter(([, bound]) => bound !== undefined));
    }

    it(`is refused, or answered with what it means and nothing else (SEED=${seed})`, async () => {
      const world = await newWorld();
      const chance = new Chance(seed);
      const peer = await world.client();
      for (const soul of souls) {
        const fields = souls.map((key) => [key, `${soul} ${key}`] as const);
        await world.ask(peer, { '#': freshId(), put: graphOf(soul, fields, PAST) });
      }
      const counts = { refused: 0, served: 0, nothing: 0 };
      for (let at = 0; at < 1500; at += 1) {
        const read = JSON.parse(
          JSON.stringify({ '#': anyLex(chance), '.': anyLex(chance), '%': 1e6 }),
        ) as RawNode;
        const answers = await world.ask(peer, { '#': `lex ${at}`, get: read });
        const found = answers.filter((answer) => answer['@'] === `lex ${at}`);
        const text = JSON.stringify(read);
        if (found.some(({ err }) => err !== undefined)) {
          expect(found, text).to.have.lengthOf(1);
          expect(found[0]?.err, text).to.match(/^get/);
          counts.refused += 1;
          continue;
        }
        const [soul, key] = [read['#' as '_'] as unknown, read['.']];
        const isOneSoul = typeof soul === 'string' || Object.hasOwn(soul as object, '=');
        const wanted = souls.flatMap((name) =>
          means(soul, name)
            ? souls
                .filter((each) => !isOneSoul || means(key, each))
                .map((each) => JSON.stringify([name, each]))
            : [],
        );
        const served = found.flatMap(({ put: graph = {} }) =>
          Object.entries(graph).flatMap(([name, members]) =>
            Object.keys(members._['>']).map((each) => JSON.stringify([name, each])),
          ),
        );
        expect(served.toSorted(), text).to.deep.equal(wanted.toSorted());
        counts[served.length > 0 ? 'served' : 'nothing'] += 1;
      }
      expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).to.be.greaterThan(4);
    });
  });
});

/** What the store, its escapes and its lists of keys use to tell names apart. */
const PARTS: readonly string[] = [
  'a',
  '\u0000',
  '\u0001',
  '\u0002',
  '\u0003',
  '\ue000',
  '/',
  '\ud800',
  '\uffff',
  '0',
];
/** Names made of these, and names that look like keys of the store. */
const SEPARATED: readonly string[] = [
  ...new Set([
    ...PARTS,
    ...PARTS.flatMap((part) => [`a${part}`, `${part}a`, `a${part}a`, `${part}${part}`]),
    'g/a',
    'n/a',
    'd/a',
    'a\u0000a\u0000a',
    '\u0001\u0002',
    'a\u0001\u0003a',
    '\ue000\u0800',
    '\ue000\u1000',
  ]),
];

/** A node that holds a property under each of these names. */
function separatedNode(soul: string): Record<string, RawNode> {
  const fields = SEPARATED.map((key) => [key, `${soul}|${key}`] as const);
  return graphOf(soul, fields, 5);
}

describe('relay and names with separators', function () {
  this.timeout(30_000);
  const folder = temporaryFolders();
  it('never write into another soul or property, also after a restart', async () => {
    const data = await folder();
    const settings = { port: 0, host: '127.0.0.1', logLevel: 'silent', data } as const;
    {
      await using relay = createRelay(settings);
      await relay.listen();
      const writer = await RawPeer.open(`http://127.0.0.1:${relay.port}/gun`);
      const ahead = Date.now() + DEFAULT_LIMITS.futureMs / 2;
      for (const soul of SEPARATED) {
        expect(await writer.put(separatedNode(soul))).to.include({ ok: true });
        expect(await writer.put(graphOf(soul, [[soul, 'later']], ahead))).to.include({ ok: true });
      }
      for (const soul of SEPARATED)
        expect((await writer.get({ '#': soul })).put, soul).to.deep.equal(separatedNode(soul));
    }
    await using again = createRelay(settings);
    await again.listen();
    const reader = await RawPeer.open(`http://127.0.0.1:${again.port}/gun`);
    for (const soul of SEPARATED) {
      expect((await reader.get({ '#': soul })).put, soul).to.deep.equal(separatedNode(soul));
      expect(await reader.value(soul, soul), soul).to.equal(`${soul}|${soul}`);
      const { put: exact = {} } = await reader.get({ '#': { '>': soul, '<': soul }, '%': 1e6 });
      expect(exact, soul).to.deep.equal(separatedNode(soul));
    }
  });
});
