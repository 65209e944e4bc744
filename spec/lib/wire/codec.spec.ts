import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { nodeJsonOf } from '../../../lib/graph/node.ts';
import type { Selector } from '../../../lib/graph/selector.ts';
import type { Entry } from '../../../lib/graph/write.ts';
import { contentHash } from '../../../lib/wire/content-hash.ts';
import {
  decodeFrame,
  encodeAck,
  encodeAnswer,
  encodeFrameError,
  encodeGet,
  encodeHello,
  encodeHelloReply,
  encodeNotFound,
  encodePush,
  encodeRefusal,
  encodeReply,
  joinNodes,
  PARSE_ERROR,
  type FrameItem,
} from '../../../lib/wire/codec.ts';
import { aName, aState, aValue, seeded } from '../../support/arbitraries.ts';
import { stableJson } from '../../support/stable-json.ts';
import { loadVectors, vectorValue } from '../../support/vectors.ts';

const GET = '{"#":"a","get":{"#":"s"}}';

function decode(text: string, limits: Limits = DEFAULT_LIMITS): FrameItem[] {
  return decodeFrame(text, limits);
}

/** What a frame holds, one line per item; `*` stands for an id the decoder invented. */
function shown(text: string, limits?: Limits): string[] {
  const isInvented = (idJson: string): boolean =>
    /^"[\dA-Za-z]{9}"$/.test(idJson) && !text.includes(idJson.slice(1, -1));
  return decode(text, limits).map((item) => {
    if (!item.ok)
      return item.reason.idJson === undefined
        ? `! ${item.reason.reason}`
        : `err ${item.reason.idJson} ${item.reason.reason}`;
    const { value } = item;
    const id = isInvented(value.idJson) ? '*' : value.idJson;
    const replyTo = value.replyTo === undefined ? '' : ` @${value.replyTo}`;
    if (value.kind === 'put') {
      const writes = value.writes.map(({ soul, key, state, json }) => `${soul}.${key}=${json}@${state}`);
      return `put ${id}${replyTo}${value.failed ? ' failed' : ''} ${writes.join(' ')}`.trimEnd();
    }
    if (value.kind === 'get')
      return `get ${id} ${JSON.stringify(value.selector.soul)} ${JSON.stringify(value.selector.key) ?? '-'}`;
    return value.kind === 'ack' ? `ack ${id}${replyTo}` : `control ${value.name}`;
  });
}

function arrayOf(count: number): string {
  return `[${Array.from({ length: count }, () => GET).join(',')}]`;
}

const IGNORED: readonly string[] = [];
const NOT_JSON = [`! ${PARSE_ERROR}`];
const BAD_VALUE = 'value must be null, text, true, false, a finite number or a link';
const BAD_STATE = 'state must be a finite number';
const TAKEN = ['put "mmmmmmmm1" n.k=1@5'];

function refused(reason: string): string[] {
  return [`err "mmmmmmmm1" ${reason}`];
}

function taken(key: string, json: string, state = '5', soul = 'n'): string[] {
  return [`put "mmmmmmmm1" ${soul}.${key}=${json}@${state}`];
}

/** What becomes of every recorded malformed frame here (gun-wire section 17). */
const MALFORMED: Readonly<Record<string, readonly string[]>> = {
  'text that is not JSON': IGNORED,
  'bad literal': NOT_JSON,
  'truncated array of object': NOT_JSON,
  'truncated array [1,2': NOT_JSON,
  'array never closed with object': NOT_JSON,
  number: IGNORED,
  'quoted string': IGNORED,
  'empty array': IGNORED,
  'two objects in a frame': NOT_JSON,
  'single quotes': NOT_JSON,
  'leading space': IGNORED,
  'close brace first': IGNORED,
  '{,}': NOT_JSON,
  'object with trailing comma': NOT_JSON,
  'array of null': IGNORED,
  '[[{..}]]': IGNORED,
  '[{}]': IGNORED,
  'dam ! from peer': ['control !'],
  'dam "one" (internal function name)': IGNORED,
  'dam "call"': IGNORED,
  'dam "c" (counter)': IGNORED,
  'dam unknown with put': IGNORED,
  'numeric id': ['get 12345 "x" -'],
  'object id': ['get {"a":1} "x" -'],
  'id true': ['get true "x" -'],
  'empty id': ['get * "x" -'],
  'id __proto__': ['get "__proto__" "x" -'],
  'get and put in one message': ['put "h7" gp.a=1@5'],
  'NaN literal': NOT_JSON,
  '1e999': refused(`put["n"]["k"]: ${BAD_VALUE}`),
  'undefined literal': NOT_JSON,
  'put {}': ['put "mmmmmmmm1"'],
  'put null': refused('put: must be an object'),
  'put string': refused('put: must be an object'),
  'put array': refused('put: must be an object'),
  'put array of node': refused('put: must be an object'),
  'put number': refused('put: must be an object'),
  'put with no #': ['put * n.k=1@5'],
  'node null': refused('put["n"]: node must be an object'),
  'node without _': refused('put["n"]["_"]: missing'),
  'node _ empty': refused('put["n"]["_"]["#"]: soul is not the same'),
  'node _ > empty (missing state)': refused(`put["n"]["_"][">"]["k"]: ${BAD_STATE}`),
  'soul mismatch': refused('put["n"]["_"]["#"]: soul is not the same'),
  'extra state without value': TAKEN,
  'node with only meta': ['put "mmmmmmmm1"'],
  'extra meta field': TAKEN,
  'state null': refused(`put["n"]["_"][">"]["k"]: ${BAD_STATE}`),
  'state string "5"': refused(`put["n"]["_"][">"]["k"]: ${BAD_STATE}`),
  'state string "abc"': refused(`put["n"]["_"][">"]["k"]: ${BAD_STATE}`),
  'state float': taken('k', '1', '1.25'),
  'state -1e999 (-Infinity)': refused(`put["n"]["_"][">"]["k"]: ${BAD_STATE}`),
  'value []': refused(`put["n"]["k"]: ${BAD_VALUE}`),
  'value [1]': refused(`put["n"]["k"]: ${BAD_VALUE}`),
  'value {a:1}': refused(`put["n"]["k"]: ${BAD_VALUE}`),
  'link ok': taken('k', '{"#":"m"}'),
  'link number soul': refused(`put["n"]["k"]: ${BAD_VALUE}`),
  'value ""': taken('k', '""'),
  'value 0': taken('k', '0'),
  'value -0': taken('k', '0'),
  'value false': taken('k', 'false'),
  'value null': taken('k', 'null'),
  'value 1e21': taken('k', '1e+21'),
  'key ""': refused('put["n"][""]: key is empty'),
  'key "" with another': refused('put["n"][""]: key is empty'),
  'key "#"': taken('#', '1'),
  'key ">"': taken('>', '1'),
  'key with ESC': taken('a\u001bb', '1'),
  'soul with ESC': taken('a', '1', '5', 'n\u001bx'),
  'soul empty': refused('put[""]: soul is empty'),
  'soul undefined (text)': taken('a', '1', '5', 'undefined'),
  'put {"#","."} shard form': refused('put["#"]: node must be an object'),
  'soul "at"': taken('a', '1', '5', 'at'),
  'soul "length"': taken('a', '1', '5', 'length'),
  'soul "constructor"': taken('a', '1', '5', 'constructor'),
  'soul "__proto__"': taken('polluted', '"yes"', '5', '__proto__'),
  'key "__proto__"': taken('__proto__', '"yes"'),
  'key "constructor"': taken('constructor', '"c"'),
  'key "toString"': taken('toString', '"c"'),
  'one valid node, one invalid': refused('put["bad"]["_"]: missing'),
  'one invalid node, one valid': refused('put["bad"]["_"]: missing'),
  'valid key then invalid key': refused(`put["n"]["b"]: ${BAD_VALUE}`),
  'put with @ to unknown': ['put "mmmmmmmm1" @nobody n.a=1@5'],
  'put with @ and ##': ['put "mmmmmmmm1" @nobody n.a=1@5'],
  'ack for unknown': ['ack "mmmmmmmm1" @nobody'],
  'err from peer with put': ['put "mmmmmmmm1" failed n.a=1@5'],
  'ok string': taken('a', '1'),
  'ok null': taken('a', '1'),
  'message with out field': taken('a', '1'),
  'message with DBG': taken('a', '1'),
  'message with nts': taken('a', '1'),
  'get with nts': ['get "mmmmmmmm1" "x" -'],
  'message with seen': taken('a', '1'),
  'get null': refused('get: must be an object'),
  'get # null': refused('get["#"]: must be a text or a LEX object'),
  'get # number': refused('get["#"]: must be a text or a LEX object'),
  'get . null': refused('get["."]: must be a text or a LEX object'),
  'get . number': refused('get["."]: must be a text or a LEX object'),
  'get . {}': ['get "mmmmmmmm1" "n" {}'],
  'get soul toString': ['get "mmmmmmmm1" "toString" -'],
  'get % string': ['get "mmmmmmmm1" "n" -'],
  'get soul with ESC': [String.raw`get "mmmmmmmm1" "n\u001bk" -`],
};

/** What becomes here of the frames that end a Gun relay. */
const CRASHING: Readonly<Record<string, readonly string[]>> = {
  '[{"get":': NOT_JSON,
  '{"#":"crash0001","put":{"link":{"_":{"#":"link",">":{"a":5}},"a":1}}}': ['put "crash0001" link.a=1@5'],
  '{"#":"crash0001","put":{"constructor":{"_":{"#":"constructor",">":{"a":5}},"a":1}}}': [
    'put "crash0001" constructor.a=1@5',
  ],
  '{"#":"crash0001","dam":"one"}': IGNORED,
  '{"#":"crash0001","dam":"c"}': IGNORED,
  '{"a":["",["",[]]],"d":[]}': IGNORED,
  '{"#":"crash0001","put":{"n":{"_":{"#":"n",">":{"a":5}},"a":1}}}': ['put "crash0001" n.a=1@5'],
};

describe('wire decodeFrame', () => {
  it('does with every recorded malformed frame what this relay promises', () => {
    const { cases } = loadVectors<{ cases: { name: string; frame: string }[] }>('gun/malformed.json');
    for (const { name, frame } of cases) expect(shown(frame), name).to.deep.equal(MALFORMED[name]);
    expect(cases.map(({ name }) => name)).to.have.members(Object.keys(MALFORMED));
    expect(cases.length).to.equal(101);
  });

  it('survives every recorded frame that ends a Gun relay', () => {
    const { cases } = loadVectors<{ cases: { frame_name: string; frame: string }[] }>('gun/crash.json');
    for (const { frame_name: name, frame } of cases)
      expect(shown(frame), name).to.deep.equal(CRASHING[frame]);
    expect(cases.length).to.equal(10);
  });

  it('reads what JSON.parse reads and refuses what it refuses', () => {
    interface Row {
      readonly text: string;
      readonly json_parse: { readonly value?: unknown; readonly err?: string };
      readonly same: boolean;
    }
    const { cases } = loadVectors<{ cases: Row[] }>('gun/yson.json');
    const counts = { ignored: 0, refused: 0, read: 0, differing: 0 };
    for (const { text, json_parse: parse, same } of cases) {
      const isFrame = text.startsWith('{') || text.startsWith('[');
      if (!isFrame) counts.ignored += 1;
      else if (parse.err === undefined) counts.read += 1;
      else counts.refused += 1;
      if (!same) counts.differing += 1;
      const expected = isFrame && parse.err !== undefined ? NOT_JSON : IGNORED;
      expect(
        shown(text).filter((line) => line.startsWith('!')),
        text,
      ).to.deep.equal(expected);
      // The answer inside an acknowledgement shows what was read.
      const [item] = decode(`{"#":"i","@":"q","ok":{"it":${text}}}`);
      if (parse.err !== undefined) expect(item?.ok, text).to.equal(false);
      else
        expect(item, text).to.have.nested.property(
          'value.answerJson',
          JSON.stringify({ it: resolved(parse.value) }),
        );
    }
    expect(counts).to.deep.equal({ ignored: 8, refused: 30, read: 26, differing: 36 });
    expect(cases.length).to.equal(64);
  });

  it('reads a message alone and in arrays of any length', () => {
    expect(shown(GET)).to.deep.equal(['get "a" "s" -']);
    expect(shown(`[${GET}]`)).to.deep.equal(['get "a" "s" -']);
    const many = Array.from({ length: 40 }, (_, index) => `{"#":"i${index}","get":{"#":"s"}}`);
    expect(shown(`[${many.join(',')}]`)).to.deep.equal(many.map((_, index) => `get "i${index}" "s" -`));
  });

  it('goes on behind members that mean nothing', () => {
    expect(shown(`[null,0,5,true,"",[${GET}],{},"x",${GET}]`)).to.deep.equal(['get "a" "s" -']);
  });

  it('goes on behind a message that is refused', () => {
    expect(shown(`[{"#":"b","put":5},${GET},{"#":"c","get":5}]`)).to.deep.equal([
      'err "b" put: must be an object',
      'get "a" "s" -',
      'err "c" get: must be an object',
    ]);
  });

  it('reads texts inside an array as frames, one level deep', () => {
    const text = JSON.stringify(GET);
    expect(shown(`[${text}]`)).to.deep.equal(['get "a" "s" -']);
    const nested = JSON.stringify(`[${GET},${text}]`);
    expect(shown(`[${nested},${GET}]`)).to.deep.equal(['get "a" "s" -', 'get "a" "s" -']);
    expect(shown(`[" {}","{","[1",${text}]`)).to.deep.equal([...NOT_JSON, ...NOT_JSON, 'get "a" "s" -']);
  });

  it('ignores empty frames, heartbeats and frames of other kinds', () => {
    for (const text of ['', ' ', '[]', '{}', '\ufeff{}', '\n{}', 'null', '"{}"', '1', 'x', '\u0000']) {
      expect(shown(text), JSON.stringify(text)).to.deep.equal(IGNORED);
    }
  });

  it('refuses an array of too many messages whole, nested ones too', () => {
    const limits = limitsWith({ batchMessages: 3 });
    const tooMany = ['! more than 3 messages in a frame'];
    expect(shown(arrayOf(3), limits)).to.have.length(3);
    expect(shown(arrayOf(4), limits)).to.deep.equal(tooMany);
    expect(shown(`[${JSON.stringify(arrayOf(4))}]`, limits)).to.deep.equal(tooMany);
  });

  it('gives no more messages than its limit, however they are nested', () => {
    const limits = limitsWith({ batchMessages: 5 });
    const three = JSON.stringify(`[${GET},${GET},${GET}]`);
    for (const members of [
      [three, three],
      [three, GET, GET, GET],
      [GET, GET, three, GET],
      [three, three, three, three],
    ]) {
      const items = decode(`[${members.join(',')}]`, limits);
      expect(items.filter(({ ok }) => ok).length).to.be.at.most(5);
      expect(items.some(({ ok }) => !ok)).to.equal(true);
    }
  });

  it('leaves built-in objects as they were', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const names = ['__proto__', 'constructor', 'toString'];
    for (const name of names) {
      const put = `{"${name}":{"_":{"#":"${name}",">":{"${name}":5}},"${name}":"x"}}`;
      expect(shown(`{"#":"${name}","@":"${name}","put":${put}}`)).to.deep.equal([
        `put "${name}" @${name} ${name}.${name}="x"@5`,
      ]);
      expect(shown(`{"#":"${name}","get":{"#":"${name}",".":"${name}"}}`)).to.deep.equal([
        `get "${name}" "${name}" "${name}"`,
      ]);
      decode(`{"${name}":{"polluted":1},"dam":"?","pid":"${name}"}`);
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('never throws, whatever text it is given', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((json) => `[${json}]`),
      fc.json(),
      fc.json().map((json) => json.slice(0, -1)),
      fc.string().map((text) => `{${text}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const item of decode(text)) if (!item.ok) expect(item.reason.reason).to.be.a('string');
      }),
      seeded(200),
    );
  });
});

/** A recorded value with its `{"js": …}` parts made real. */
function resolved(value: unknown): unknown {
  const real = vectorValue(value);
  if (typeof real !== 'object' || real === null) return real;
  if (Array.isArray(real)) return real.map(resolved);
  return Object.fromEntries(Object.entries(real).map(([key, member]) => [key, resolved(member)]));
}

/** An encoded message must be what a stable stringification of it is. */
function checked(text: string): Record<string, unknown> {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  expect(text).to.equal(stableJson(parsed));
  return parsed;
}

describe('wire encoding', () => {
  const reason = 'because: "x"\n\ud800';

  it('writes acknowledgements, refusals and errors of frames', () => {
    expect(checked(encodeAck('i', '"q"'))).to.deep.equal({ '#': 'i', '@': 'q', ok: true });
    expect(checked(encodeRefusal('i', '"q"', reason))).to.deep.equal({ '#': 'i', '@': 'q', err: reason });
    expect(checked(encodeFrameError('i', reason))).to.deep.equal({ '#': 'i', dam: '!', err: reason });
    expect(checked(encodeNotFound('i', '"q"'))).to.deep.equal({ '#': 'i', '@': 'q' });
  });

  it('echoes ids of any type', () => {
    for (const [json, id] of [
      ['12', 12],
      ['true', true],
      ['{"a":1}', { a: 1 }],
      [String.raw`"\"\ud800"`, '"\ud800'],
    ] as const) {
      expect(checked(encodeAck('i', json))['@']).to.deep.equal(id);
      expect(checked(encodeNotFound('i', json))['@']).to.deep.equal(id);
      expect(checked(encodeRefusal('i', json, 'x'))['@']).to.deep.equal(id);
      expect(checked(encodeGet(json, { soul: 's', reverse: false }, undefined))['#']).to.deep.equal(id);
    }
  });

  it('writes greetings', () => {
    expect(checked(encodeHello('i', 'p'))).to.deep.equal({ '#': 'i', dam: '?', pid: 'p' });
    expect(checked(encodeHelloReply('i', '"q"', 'p', false))).to.deep.equal({
      '#': 'i',
      '@': 'q',
      dam: '?',
      pid: 'p',
    });
    expect(checked(encodeHelloReply('i', '"q"', 'p', true))).to.deep.equal({
      '#': 'i',
      '@': 'q',
      dam: '?',
      pid: 'p',
      relay: true,
    });
  });

  it('passes answers that hold an object on', () => {
    expect(checked(encodeAnswer('"i"', '"q"', '{"rtc":1}'))).to.deep.equal({
      '#': 'i',
      '@': 'q',
      ok: { rtc: 1 },
    });
  });

  it('writes parts of a reply with the hash of the put and the id of the next part', () => {
    const putJson = joinNodes([nodeJsonOf('s', [['k', { state: 1, json: '2' }]])]);
    const part = {
      id: 'i',
      replyToJson: '"q"',
      putJson,
      contentHash: contentHash(putJson),
      nextId: undefined,
    };
    const put = { s: { _: { '#': 's', '>': { k: 1 } }, k: 2 } };
    expect(checked(encodeReply(part))).to.deep.equal({
      '#': 'i',
      '@': 'q',
      '##': contentHash(stableJson(put)),
      put,
    });
    expect(checked(encodeReply({ ...part, nextId: 'j' }))).to.include({ '%': 'j' });
    expect(checked(encodePush('i', putJson))).to.deep.equal({ '#': 'i', put });
  });

  it('writes graphs of any names so that they parse back to the same writes', () => {
    const entry = fc.record({ state: aState(), json: aValue().map((value) => JSON.stringify(value)) });
    const node = fc.uniqueArray(fc.tuple(aName(), entry), {
      minLength: 1,
      maxLength: 4,
      selector: ([key]) => key,
    });
    const graph = fc.uniqueArray(fc.tuple(aName(), node), {
      minLength: 1,
      maxLength: 4,
      selector: ([soul]) => soul,
    });
    fc.assert(
      fc.property(graph, (nodes) => {
        const sorted = nodes.toSorted(([a], [b]) => (a < b ? -1 : 1));
        const putJson = joinNodes(sorted.map(([soul, entries]) => nodeJsonOf(soul, [...entries])));
        const text = encodePush('i', putJson);
        checked(text);
        expect(writesOf(text)).to.have.deep.members(linesOf(nodes));
        const reply = {
          id: 'i',
          replyToJson: '"q"',
          putJson,
          contentHash: contentHash(putJson),
          nextId: undefined,
        };
        const { '##': hash, put } = checked(encodeReply(reply));
        expect(hash).to.equal(contentHash(stableJson(put)));
      }),
      seeded(100),
    );
  });

  it('writes gets with all parts of a selector', () => {
    const selector: Selector = {
      soul: { prefix: 'a', from: 'b', to: '"\ud800' },
      key: { prefix: 'k' },
      reverse: true,
      byteLimit: 10,
    };
    expect(checked(encodeGet('"i"', selector, -7))).to.deep.equal({
      '#': 'i',
      '##': -7,
      get: { '#': { '*': 'a', '>': 'b', '<': '"\ud800' }, '%': 10, '-': 1, '.': { '*': 'k' } },
    });
    expect(checked(encodeGet('"i"', { soul: 's', key: 'k', reverse: false }, undefined))).to.deep.equal({
      '#': 'i',
      get: { '#': 's', '.': 'k' },
    });
  });

  it('writes messages that it reads back as what they are', () => {
    const texts = [
      encodeAck('i', '"q"'),
      encodeRefusal('i', '"q"', 'x'),
      encodeFrameError('i', 'x'),
      encodeNotFound('i', '"q"'),
      encodeHello('i', 'p'),
      encodeHelloReply('i', '"q"', 'p', true),
      encodeAnswer('"i"', '"q"', '{"rtc":1}'),
      encodeGet('"i"', { soul: 's', reverse: false }, 5),
    ];
    const kinds = decode(`[${texts.join(',')}]`).map((item) => (item.ok ? item.value.kind : 'refused'));
    expect(kinds).to.deep.equal(['ack', 'ack', 'control', 'ack', 'control', 'control', 'ack', 'get']);
  });
});

function linesOf(nodes: readonly [string, readonly [string, Entry][]][]): unknown[] {
  return nodes.flatMap(([soul, entries]) =>
    entries.map(([key, { state, json }]) => ({ soul, key, state: state + 0, json })),
  );
}

function writesOf(text: string): unknown[] {
  const [item] = decode(text);
  return item?.ok === true && item.value.kind === 'put' ? [...item.value.writes] : [];
}
