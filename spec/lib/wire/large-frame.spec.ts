import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { decodeFrame, decodeLargeFrame, PARSE_ERROR, type FrameItem } from '../../../lib/wire/codec.ts';
import { LargeMessage } from '../../../lib/wire/frame-shapes.ts';
import { FRAME_SIZES, readLargeFrame, type FrameSizes } from '../../../lib/wire/large-frame.ts';
import type { Message } from '../../../lib/wire/message.ts';
import { isFromNode, logFrame, twinSecret } from '../../../lib/wire/relay-control.ts';
import { seeded } from '../../support/arbitraries.ts';
import { heldBytes } from '../../support/garbage.ts';
import { aBrokenFrame, aFrame } from '../../support/raw-frames.ts';

const SMALL: FrameSizes = { frame: 40, chunk: 16, piece: 16, number: 64, depth: 64, deep: 64 };

/** Sizes by which frames of a few hundred characters are read in many steps. */
const aSizes = fc.record({
  frame: fc.constantFrom(1, 40, 1000),
  chunk: fc.constantFrom(1, 2, 5, 12, 40, 300),
  piece: fc.constantFrom(1, 2, 3, 7, 50),
  number: fc.constant(64),
  depth: fc.constant(64),
  deep: fc.constant(64),
});

/** Limits that some frames keep and others do not. */
const someLimits = fc.constantFrom(
  DEFAULT_LIMITS,
  limitsWith({ nameLength: 8, idLength: 4, frameBytes: 20 }),
  limitsWith({ batchMessages: 2 }),
  limitsWith({ messageSouls: 1, nodeProperties: 3 }),
  limitsWith({ frameBytes: 40, idLength: 20, nodeProperties: 2 }),
);

function decoded(text: string, limits: Limits = DEFAULT_LIMITS, sizes: FrameSizes = SMALL): FrameItem[] {
  return [...decodeLargeFrame(text, limits, sizes)].filter((item) => item !== undefined);
}

/** A message with what relays read of its raw form, of which nothing else counts. */
function asRead(message: Message): object {
  if (message.kind !== 'control') return message;
  const { raw: _raw, ...rest } = message;
  return { ...rest, node: isFromNode(message), secret: twinSecret(message), frame: logFrame(message) };
}

/**
 * What a frame holds, with ids that the decoder invented made equal. Of several faults of a put over its limits any
 * may be named.
 */
function shown(items: readonly FrameItem[], text: string, limits: Limits): string[] {
  return items.map((item) => {
    const json = JSON.stringify(item.ok ? asRead(item.value) : item);
    const idJson = item.ok ? item.value.idJson : (item.reason.idJson ?? '');
    const isInvented = /^"[\dA-Za-z]{9}"$/.test(idJson) && !text.includes(idJson.slice(1, -1));
    if (limits.nodeProperties < 10 && !item.ok && item.reason.reason.startsWith('put'))
      return `put of ${isInvented ? '*' : idJson} refused`;
    return isInvented ? json.replaceAll(idJson.slice(1, -1), '*') : json;
  });
}

function expectSame(text: string, limits: Limits, sizes: FrameSizes): void {
  const expected = shown(decodeFrame(text, limits), text, limits);
  expect(shown(decoded(text, limits, sizes), text, limits), text).to.deep.equal(expected);
}

/** JSON of a node under its soul. */
function nodeJson(soul: string, keys: readonly string[], value: (at: number) => string): string {
  const states = keys.map((key) => `"${key}":1`).join(',');
  const fields = keys.map((key, at) => `,"${key}":${value(at)}`).join('');
  return `"${soul}":{"_":{"#":"${soul}",">":{${states}}}${fields}}`;
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `k${at}`);
}

function putJson(...nodes: readonly string[]): string {
  return `{"#":"i","put":{${nodes.join(',')}}}`;
}

/** Frames that would hold an event loop for long, each in its own way. */
const HEAVY: Readonly<Record<string, (length: number) => string>> = {
  'many messages': (length) =>
    `[${Array.from({ length: length / 80 }, () => putJson(nodeJson('n', ['k'], () => '1'))).join(',')}]`,
  'many nodes': (length) => putJson(...names(length / 50).map((soul) => nodeJson(soul, ['k'], () => '1'))),
  'many properties': (length) => putJson(nodeJson('n', names(length / 20), String)),
  'many states': (length) =>
    putJson(nodeJson('n', names(length / 9), () => '1').replace(/,"k1":1,"k2":1\}.*/s, '},"k0":1}')),
  'many links': (length) => putJson(nodeJson('n', names(length / 30), (at) => `{"#":"k${at}"}`)),
  'a text': (length) => putJson(nodeJson('n', ['k'], () => `"${'x'.repeat(length)}"`)),
  'a text of escapes': (length) =>
    putJson(nodeJson('n', ['k'], () => `"${String.raw`\"`.repeat(length / 2)}"`)),
  'a text of backslashes': (length) => putJson(nodeJson('n', ['k'], () => `"${'\\'.repeat(length)}"`)),
  'a text of pairs': (length) => putJson(nodeJson('n', ['k'], () => `"${'😀'.repeat(length / 2)}"`)),
  'a long soul': (length) => putJson(nodeJson('n'.repeat(length / 2), ['k'], () => '1')),
  'a long id': (length) => `{"#":"${'i'.repeat(length)}","put":{}}`,
  'an id of many parts': (length) => `{"#":[${'1,'.repeat(length / 2)}1],"put":{}}`,
  'an answer of many parts': (length) =>
    `{"#":"i","@":"q","ok":{${names(length / 8)
      .map((key) => `"${key}":0`)
      .join(',')}}}`,
  'unknown fields': (length) =>
    `{"#":"i","@":"q",${names(length / 8)
      .map((key) => `"${key}":0`)
      .join(',')}}`,
  'opening brackets': (length) => '['.repeat(length),
  'nested arrays': (length) => `{"x":${'['.repeat(length / 2)}${']'.repeat(length / 2)}}`,
  'many nested arrays': (length) =>
    `{"x":[${Array.from({ length: length / 120 }, () => `${'['.repeat(50)}1${']'.repeat(50)}`).join(',')}]}`,
  'arrays with ends of their own': (length) =>
    `{"x":${Array.from({ length: 50 }, () => `[${'0,'.repeat(length / 400)}`).join('')}0${`${',0'.repeat(length / 400)}]`.repeat(50)}}`,
  'empty objects': (length) => `[${'{},'.repeat(length / 3)}{}]`,
  spaces: (length) => `[${' '.repeat(length)}]`,
  'spaces in a message': (length) => `{"#"${' '.repeat(length)}:"i"}`,
  digits: (length) => `[${'1'.repeat(length)}]`,
  'an inner frame': (length) => JSON.stringify([HEAVY['many properties']!(length)]),
  'a text that does not end': (length) => `["${'x'.repeat(length)}`,
};

/** Calls of these per step show the work: characters looked at one by one, and those given to JSON. */
function greatestStep(text: string, sizes: FrameSizes, limits: Limits): { work: number; steps: number } {
  const prototype = String.prototype as { charCodeAt: (this: string, at: number) => number };
  const original = prototype.charCodeAt;
  const { parse, stringify } = JSON;
  let work = 0;
  let greatest = 0;
  let steps = 0;
  prototype.charCodeAt = function counted(this: string, at: number): number {
    work += 1;
    return original.call(this, at);
  };
  JSON.parse = (json: string) => {
    work += json.length;
    return parse(json) as unknown;
  };
  JSON.stringify = (value: unknown) => {
    const json = stringify(value);
    work += json.length;
    return json;
  };
  try {
    const reading = decodeLargeFrame(text, limits, sizes);
    for (let isDone = false; !isDone; steps += 1) {
      work = 0;
      isDone = reading.next().done === true;
      greatest = Math.max(greatest, work);
    }
  } finally {
    prototype.charCodeAt = original;
    JSON.parse = parse;
    JSON.stringify = stringify;
  }
  return { work: greatest, steps };
}

function fault(reason: string, idJson?: string): unknown {
  return [{ ok: false, reason: { idJson, what: idJson === undefined ? 'frame' : 'put', reason } }];
}

/** What a frame is read to. */
function read(text: string, room: number, isOuter: boolean): unknown {
  const reading = readLargeFrame(text, DEFAULT_LIMITS, room, isOuter, SMALL);
  for (;;) {
    const { done, value } = reading.next();
    if (done === true) return value;
  }
}

describe('wire decodeLargeFrame', () => {
  it('reads what decodeFrame reads', () => {
    fc.assert(fc.property(aFrame(), someLimits, aSizes, expectSame), seeded(300));
  });

  it('refuses what decodeFrame refuses', () => {
    fc.assert(fc.property(aBrokenFrame(), someLimits, aSizes, expectSame), seeded(300));
  });

  it('reads heavy frames as decodeFrame does, but for those that are absurd', () => {
    const absurd = new Set(['nested arrays', 'digits']);
    for (const [name, make] of Object.entries(HEAVY)) {
      const text = make(12_000);
      const sizes = { ...SMALL, chunk: 100, frame: 200 };
      const limits = limitsWith({ nodeProperties: 1000, messageSouls: 1000 });
      if (absurd.has(name))
        expect(shown(decoded(text, limits, sizes), text, limits)[0]).to.include(PARSE_ERROR);
      else
        expect(shown(decoded(text, limits, sizes), text, limits), name).to.deep.equal(
          shown(decodeFrame(text, limits), text, limits),
        );
    }
  });

  it('does no more in a step than its sizes say, however large the frame and whatever is in it', () => {
    const sizes: FrameSizes = { frame: 1000, chunk: 500, piece: 1000, number: 1000, depth: 64, deep: 64 };
    const limits = limitsWith({ nameLength: 100, frameBytes: 1000, nodeProperties: 500, messageSouls: 500 });
    // Spaces and texts are looked at twice, at most, and values become JSON again.
    const most = 6 * sizes.piece;
    for (const [name, make] of Object.entries(HEAVY)) {
      const { work, steps } = greatestStep(make(60_000), sizes, limits);
      expect(work, name).to.be.at.most(name.startsWith('a text') ? most : most + 16_384);
      if (name !== 'opening brackets' && name !== 'nested arrays' && name !== 'digits')
        expect(steps, name).to.be.at.least(50);
    }
  });

  it('gives nothing of a frame that ends badly', () => {
    const message = putJson(nodeJson('n', ['k'], () => '1'));
    for (const end of ['', ',', ',]', '}', ']]', '] x', ',nul]', ',"]', `,${message.slice(0, -1)}]`]) {
      const text = `[${Array.from({ length: 20 }, () => message).join(',')}${end}`;
      expect(decoded(text), end).to.deep.equal([
        { ok: false, reason: { idJson: undefined, what: 'frame', reason: PARSE_ERROR } },
      ]);
    }
  });

  it('names the limits of puts and frames, and the message', () => {
    const limits = limitsWith({ messageSouls: 20, nodeProperties: 20, nameLength: 30, batchMessages: 20 });
    const reasonOf = (text: string): unknown => decoded(text, limits);
    const nodes = names(21).map((soul) => nodeJson(soul, ['k'], () => '1'));
    expect(reasonOf(putJson(...nodes))).to.deep.equal(fault('put: more than 20 souls', '"i"'));
    expect(reasonOf(putJson(nodeJson('n', names(21), String)))).to.deep.equal(
      fault('put["n"]: more than 20 properties', '"i"'),
    );
    expect(reasonOf(putJson(nodeJson('n'.repeat(500), ['k'], String)))).to.deep.equal(
      fault(`put["${'n'.repeat(60)}…"]: soul longer than 30 characters`, '"i"'),
    );
    expect(reasonOf(`[${'{},'.repeat(20)}{}]`)).to.deep.equal(fault('more than 20 messages in a frame'));
    expect(reasonOf(`[${'{},'.repeat(19)}{}]`)).to.deep.equal([]);
  });

  it('ignores what is no frame', () => {
    for (const text of ['', ' {}', '"{}"', 'null', '\ufeff{}']) expect(decoded(text)).to.deep.equal([]);
  });

  it('leaves built-in objects as they were', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    decoded(putJson(nodeJson('__proto__', ['__proto__', 'polluted'], () => '{"#":"polluted"}')));
    decoded(
      '{"__proto__":{"polluted":[1,2,3,4,5,6,7]},"#":"i","put":{"__proto__":{"__proto__":{"polluted":1}}}}',
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('holds nothing of a frame but what it gives', async () => {
    const before = await heldBytes();
    const texts = [
      `"${'x'.repeat(20_000)}"`,
      `"${'short'.padEnd(9000)}"`,
      `${' '.repeat(9000)}"sixteen letters!"`,
    ];
    const items = names(10).flatMap((soul) => {
      const nodes = [
        nodeJson(soul, names(3), (at) => texts[at]!),
        nodeJson('y', ['k'], () => `"${'y'.repeat(1e6)}"`),
      ];
      const [item] = decoded(putJson(...nodes), DEFAULT_LIMITS, FRAME_SIZES);
      if (item?.ok !== true || item.value.kind !== 'put') throw new Error('no put');
      return item.value.writes.slice(0, 3);
    });
    expect(items).to.have.length(30);
    expect((await heldBytes()) - before).to.be.below(3e6);
  });
});

describe('wire readLargeFrame', () => {
  it('gives a message or the members of an array, one more than there is room for', () => {
    expect(read('{"#":"i"}', 5, true)).to.be.instanceOf(LargeMessage);
    expect(read('[1,2,3,4]', 2, true)).to.deep.equal([1, 2, 3]);
    expect(read('[1,2,3,4', 2, true)).to.equal(undefined);
  });

  it('keeps long texts of outer frames only', () => {
    const inner = `[${' '.repeat(100_000)}]`;
    expect(read(JSON.stringify([inner]), 5, true)).to.deep.equal([inner]);
    expect(read(JSON.stringify([inner]), 5, false)).to.deep.equal([inner.slice(0, 65_537)]);
  });
});
