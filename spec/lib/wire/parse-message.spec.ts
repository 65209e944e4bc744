import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, limitsWith, type Limits } from '../../../lib/base/limits.ts';
import type { Fault, Message } from '../../../lib/wire/message.ts';
import {
  answerLength,
  longestText,
  parseLargeMessage,
  parseMessage,
} from '../../../lib/wire/parse-message.ts';
import { seeded } from '../../support/arbitraries.ts';

const NODE = '{"n":{"_":{"#":"n",">":{"k":5}},"k":1}}';

/** Values nested as deep as a frame of a megabyte allows. */
const DEEP = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;

function parse(json: string, limits: Limits = DEFAULT_LIMITS): ReturnType<typeof parseMessage> {
  return parseMessage(JSON.parse(json) as Record<string, unknown>, limits);
}

function parseInSteps(json: string, limits: Limits = DEFAULT_LIMITS): ReturnType<typeof parseMessage> {
  const steps = parseLargeMessage(JSON.parse(json) as Record<string, unknown>, limits);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function messageOf(json: string, limits?: Limits): Message {
  const result = parse(json, limits);
  if (!result.ok) throw new Error(result.reason.reason);
  if (result.value === undefined) throw new Error('ignored');
  return result.value;
}

function faultOf(json: string, limits?: Limits): Fault {
  const result = parse(json, limits);
  if (result.ok) throw new Error('taken');
  return result.reason;
}

function isIgnored(json: string): boolean {
  const result = parse(json);
  return result.ok && result.value === undefined;
}

function answerWith(length: number): string {
  return `{"#":"i","@":"q","ok":{"t":"${'x'.repeat(length)}"}}`;
}

/** What is read of an `err`. */
function refusalOf(err: string): unknown {
  return (messageOf(`{"#":"i","@":"q","err":${err}}`) as { readonly refusal?: unknown }).refusal;
}

describe('wire parseMessage', () => {
  it('reads a put', () => {
    expect(messageOf(`{"#":"i","put":${NODE},"ok":{"@":9,"/":1},"><":"p1"}`)).to.deep.equal({
      kind: 'put',
      id: 'i',
      idJson: '"i"',
      listsPeers: true,
      replyTo: undefined,
      writes: [{ soul: 'n', key: 'k', state: 5, json: '1' }],
      failed: false,
      wantsAnswers: true,
      more: false,
      op: undefined,
    });
  });

  it('reads the operation of a put as it is, and whether a get wants any', () => {
    const op = { h: 'aa', b: 'bb' };
    expect(messageOf(`{"#":"i","put":${NODE},"op":${JSON.stringify(op)}}`)).to.have.deep.property('op', op);
    const isWanted = ['1', 'true', '2', '"1"'].map((json) =>
      messageOf(`{"#":"i","get":{"#":"n"},"op":${json}}`),
    );
    expect(isWanted.map((message) => message.kind === 'get' && message.op)).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
  });

  it('reads the part of an answer, its successor and its marks', () => {
    const put = messageOf(`{"#":"i","@":"q","##":5,"%":"j","put":${NODE},"err":"x","ok":null}`);
    expect(put).to.include({ kind: 'put', replyTo: 'q', more: true, failed: true, wantsAnswers: false });
    expect(messageOf(`{"#":"i","put":${NODE},"ok":"x"}`)).to.include({ wantsAnswers: false, failed: false });
  });

  it('reads a get', () => {
    expect(messageOf('{"#":"i","get":{"#":"s",".":"k"},"##":-5,"nts":1}')).to.deep.equal({
      kind: 'get',
      id: 'i',
      idJson: '"i"',
      listsPeers: false,
      replyTo: undefined,
      selector: { soul: 's', key: 'k', reverse: false },
      contentHash: -5,
      local: true,
      op: false,
    });
    expect(messageOf('{"#":"i","get":{"#":"s"},"##":"5"}')).to.include({
      contentHash: undefined,
      local: false,
    });
  });

  it('reads an acknowledgement, a refusal and a "not found" as answers without data', () => {
    for (const rest of ['"ok":true', '"ok":1', '"err":"no"', '"ok":null', '"ok":[1]', '"x":1']) {
      expect(messageOf(`{"#":"i","@":"q",${rest}}`), rest).to.deep.equal({
        kind: 'ack',
        id: 'i',
        idJson: '"i"',
        listsPeers: false,
        replyTo: 'q',
        answerJson: undefined,
        refusal: rest === '"err":"no"' ? 'no' : undefined,
      });
    }
  });

  it('reads why something was refused, cut to what people read', () => {
    expect(refusalOf('"Unverified data."')).to.equal('Unverified data.');
    expect(refusalOf(JSON.stringify('x'.repeat(1000)))).to.equal('x'.repeat(300));
    expect(refusalOf('{"why":1}')).to.equal('refused');
    for (const none of ['""', 'null', 'false', '0']) expect(refusalOf(none), none).to.equal(undefined);
  });

  it('keeps the object of an answer as JSON, up to 64 Ki characters', () => {
    expect(messageOf('{"#":"i","@":"q","ok":{"rtc":{"b":1,"a":2}}}')).to.include({
      answerJson: '{"rtc":{"b":1,"a":2}}',
    });
    const longest = messageOf(answerWith(65_528));
    expect(longest).to.have.property('answerJson').with.length(65_536);
    expect(messageOf(answerWith(65_529))).to.include({ answerJson: undefined });
    const limits = limitsWith({ frameBytes: 1000 });
    expect(messageOf(answerWith(65_528), limits)).to.include({ answerJson: undefined });
  });

  it('reads control messages of its closed table and ignores all others', () => {
    expect(messageOf('{"#":"i","dam":"?","pid":"p"}')).to.deep.equal({
      kind: 'control',
      id: 'i',
      idJson: '"i"',
      listsPeers: false,
      replyTo: undefined,
      name: '?',
      pid: 'p',
      relay: false,
      raw: { '#': 'i', dam: '?', pid: 'p' },
    });
    expect(messageOf('{"#":"i","dam":"?","pid":"p","@":"q","relay":true}')).to.include({
      replyTo: '',
      relay: true,
    });
    expect(messageOf('{"dam":"hi"}')).to.include({ name: 'hi', pid: undefined });
    expect(messageOf('{"#":"i","get":{"#":"s"},"##":1e999}')).to.include({ contentHash: undefined });
    expect(messageOf('{"get":{"#":"s"}}')).to.include({ isNameless: true });
    expect(messageOf('{"#":"i","get":{"#":"s"}}')).to.not.have.property('isNameless');
    expect(messageOf('{"dam":"twin","secret":"s"}')).to.include({ name: 'twin' });
    expect(messageOf('{"dam":"!","err":"x"}')).to.include({ name: '!' });
    const others = [
      'mob',
      'opt',
      'rtc',
      'one',
      'call',
      'c',
      'd',
      'apply',
      'toString',
      '__proto__',
      'constructor',
    ];
    for (const name of others) expect(isIgnored(`{"#":"i","dam":"${name}"}`), name).to.equal(true);
    for (const name of ['5', 'true', '{}', '["?"]'])
      expect(isIgnored(`{"dam":${name}}`), name).to.equal(true);
  });

  it('neither stores nor reads what a control message carries', () => {
    expect(isIgnored(`{"#":"i","dam":"nope","put":${NODE}}`)).to.equal(true);
    expect(messageOf(`{"#":"i","dam":"hi","put":${NODE},"get":{"#":"s"}}`).kind).to.equal('control');
    expect(messageOf(`{"#":"i","dam":"","put":${NODE}}`).kind, 'an empty name is none').to.equal('put');
  });

  it('takes a process id only when it is a text of reasonable length', () => {
    for (const pid of ['5', 'null', '""', '{}', `"${'p'.repeat(65)}"`]) {
      expect(messageOf(`{"dam":"?","pid":${pid}}`), pid).to.include({ pid: undefined });
    }
    expect(messageOf(`{"dam":"?","pid":"${'p'.repeat(64)}"}`))
      .to.have.property('pid')
      .with.length(64);
    expect(messageOf('{"dam":"?","pid":"__proto__"}')).to.include({ pid: '__proto__' });
  });

  it('reads a hello whose process id cannot be made a text', () => {
    for (const pid of [
      '{"toString":1,"valueOf":1}',
      '123456789',
      DEEP.replaceAll('{"a":', '[').replaceAll('}', ']'),
    ]) {
      const hello = `{"#":"i","@":"q","dam":"?","pid":${pid}}`;
      expect(messageOf(hello)).to.include({ name: '?', pid: undefined });
    }
  });

  it('ignores messages without anything to do', () => {
    for (const json of ['{}', '{"#":"i"}', '{"ok":1}', '{"err":"x"}', '{"><":"a"}']) {
      expect(isIgnored(json), json).to.equal(true);
    }
  });

  it('prefers the put of a message to its get, and its @ to its get', () => {
    expect(messageOf(`{"#":"i","get":{"#":"s"},"put":${NODE}}`).kind).to.equal('put');
    expect(messageOf('{"#":"i","@":"q","get":{"#":"s"}}').kind).to.equal('ack');
  });

  it('takes ids of any type and echoes them as they came', () => {
    const ids: [string, string][] = [
      ['"i-_9"', 'i-_9'],
      ['12345', '12345'],
      ['true', 'true'],
      ['{"a":1}', '{"a":1}'],
      ['["x",[null]]', '["x",[null]]'],
      ['"__proto__"', '__proto__'],
      ['"constructor"', 'constructor'],
      ['"toString"', 'toString'],
      [String.raw`"\"\n"`, '"\n'],
      [String.raw`"\ud800"`, '\ud800'],
      ['"i\\n"', 'i\n'],
      ['"é"', 'é'],
    ];
    for (const [idJson, id] of ids) {
      expect(messageOf(`{"#":${idJson},"get":{"#":"s"}}`), idJson).to.include({ id, idJson });
    }
  });

  it('invents an id where the sender gave none', () => {
    const invented = new Set<string>();
    for (const start of ['{', '{"#":"",', '{"#":null,', '{"#":0,', '{"#":false,']) {
      const { id, idJson } = messageOf(`${start}"get":{"#":"s"}}`);
      expect(id).to.match(/^[0-9A-Za-z]{9}$/);
      expect(idJson).to.equal(`"${id}"`);
      invented.add(id);
    }
    expect(invented.size).to.equal(5);
  });

  it('refuses ids that are too long, and cannot name them', () => {
    const limits = limitsWith({ idLength: 5 });
    expect(messageOf('{"#":"abcde","get":{"#":"s"}}', limits).id).to.equal('abcde');
    for (const id of ['"abcdef"', '123456', '{"a":1}', DEEP]) {
      expect(faultOf(`{"#":${id},"get":{"#":"s"}}`, limits)).to.deep.equal({
        idJson: undefined,
        what: 'frame',
        reason: '#: longer than 5 characters',
      });
    }
  });

  it('takes an @ of any type, and an empty one for none, as Gun does', () => {
    expect(messageOf('{"#":"i","@":12,"ok":1}')).to.include({ replyTo: '12' });
    expect(messageOf('{"#":"i","@":{"a":1},"ok":1}')).to.include({ replyTo: '{"a":1}' });
    for (const at of ['""', 'null', '0', 'false']) {
      expect(messageOf(`{"#":"i","@":${at},"get":{"#":"s"}}`).kind, at).to.equal('get');
      expect(messageOf(`{"#":"i","@":${at},"put":${NODE}}`).replyTo, at).to.equal(undefined);
    }
  });

  it('takes an @ that is too long for one that nobody knows', () => {
    for (const at of [`"${'x'.repeat(257)}"`, `{"a":"${'x'.repeat(257)}"}`, DEEP]) {
      expect(messageOf(`{"#":"i","@":${at},"put":${NODE}}`)).to.include({ kind: 'put', replyTo: '' });
    }
  });

  it('is told that others are connected only by a text', () => {
    expect(messageOf('{"#":"i","><":"a,b","get":{"#":"s"}}').listsPeers).to.equal(true);
    for (const list of ['""', 'null', '5', '["a"]', '{}']) {
      expect(messageOf(`{"#":"i","><":${list},"get":{"#":"s"}}`).listsPeers, list).to.equal(false);
    }
  });

  it('names the refused message, its kind and the path of the fault', () => {
    expect(faultOf('{"#":"i","put":{"n":{"k":1}}}')).to.deep.equal({
      idJson: '"i"',
      what: 'put',
      reason: 'put["n"]["_"]: missing',
    });
    expect(faultOf('{"#":7,"get":{"#":""}}')).to.deep.equal({
      idJson: '7',
      what: 'get',
      reason: 'get["#"]: soul is empty or missing',
    });
  });

  it('survives values of any depth in every place', () => {
    const messages = [
      `{"#":"i","@":"q","ok":${DEEP}}`,
      `{"#":"i","put":{"n":{"_":{"#":"n",">":{"k":5}},"k":${DEEP}}}}`,
      `{"#":"i","put":{"n":{"_":{"#":"n",">":{"k":${DEEP}}},"k":1}}}`,
      `{"#":"i","get":{"#":${DEEP},"%":1}}`,
      `{"#":"i","dam":${DEEP}}`,
    ];
    const kinds = messages.map((json) => {
      const result = parse(json);
      return result.ok ? (result.value?.kind ?? 'ignored') : 'refused';
    });
    expect(kinds).to.deep.equal(['ack', 'refused', 'refused', 'get', 'ignored']);
  });

  it('never throws, whatever a message is made of', () => {
    const keys = ['#', '@', 'put', 'get', 'ok', 'err', '##', '><', '%', 'dam', 'pid', 'relay', 'nts'];
    const raw = fc.record(Object.fromEntries(keys.map((key) => [key, fc.jsonValue()])), { requiredKeys: [] });
    fc.assert(
      fc.property(raw, (message) => {
        const result = parse(JSON.stringify(message));
        if (result.ok && result.value !== undefined) {
          expect(JSON.parse(result.value.idJson)).to.not.equal(undefined);
          expect(result.value.id.length).to.be.at.most(DEFAULT_LIMITS.idLength);
        }
      }),
      seeded(200),
    );
  });
});

describe('wire parseLargeMessage', () => {
  it('reads what parseMessage reads', () => {
    for (const json of [
      `{"#":"i","put":${NODE}}`,
      `{"#":"i","@":"q","put":${NODE},"ok":{"@":1}}`,
      '{"#":"i","put":{"n":5}}',
      '{"#":"i","@":"q","put":null}',
      '{"#":"i","get":{"#":"n"}}',
      '{"#":"i","dam":"?","pid":"p","put":5}',
      '{"#":"i","x":1}',
      `{"#":${JSON.stringify('x'.repeat(257))},"put":${NODE}}`,
      `{"#":${DEEP},"put":${NODE}}`,
      `{"#":{"a":1},"@":${DEEP}}`,
      `{"#":"i","@":[1]}`,
      answerWith(5),
      answerWith(65_528),
      answerWith(65_529),
      answerWith(1_000_000),
      `{"#":"i","@":"q","ok":["${'x'.repeat(70_000)}"]}`,
      `{"#":"i","@":"q","ok":["${'x'.repeat(70_000)}"],"put":${NODE}}`,
      `{"#":"i","@":"q","ok":{"a":"${'x'.repeat(70_000)}"},"put":${NODE}}`,
    ]) {
      expect(parseInSteps(json), json.slice(0, 60)).to.deep.equal(parse(json));
    }
  });

  it('knows the longest text that is of use', () => {
    expect(longestText(DEFAULT_LIMITS)).to.equal(65_536);
    expect(longestText(limitsWith({ frameBytes: 10, nameLength: 70, idLength: 60 }))).to.equal(70);
    expect(longestText(limitsWith({ frameBytes: 10, nameLength: 1, idLength: 80 }))).to.equal(80);
    expect(longestText(limitsWith({ frameBytes: 1, nameLength: 1, idLength: 1 }))).to.equal(64);
    expect(answerLength(limitsWith({ frameBytes: 1000 }))).to.equal(1000);
  });
});
