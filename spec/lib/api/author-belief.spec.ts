import { expect } from 'chai';
import { checkAuthors, soulOfAuthor } from '../../../lib/api/author.ts';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../../lib/log/hash.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { keyOf } from '../../support/author-apps.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { foundAt } from '../../support/graphs.ts';
import { graphOfWrites, type RawMessage } from '../../support/raw-peer.ts';
import { ScriptedPeer } from '../../support/scripted-peer.ts';
import { opOf, saidBy, signedPut } from '../../support/signed-messages.ts';

const SOUL = soulOfAuthor(keyOf(1).id, 'me');
const MARK = writeOf(SOUL, 'name', 5, 'Mark');
const SIGNED = saidBy(1, undefined, MARK);

/** The answer of a relay that has operations. */
function answer(get: RawMessage, operation: Operation, ...writes: FieldWrite[]): RawMessage[] {
  return [
    { '#': 'told', '@': get['#']!, '%': 1, put: graphOfWrites(...writes), op: opOf(operation) },
    { '#': 'shown', '@': get['#']!, put: graphOfWrites(...writes) },
  ];
}

describe('AuthorBelief', () => {
  let peer: ScriptedPeer;
  let graph: Graph;
  let heard: unknown[];
  let asked: RawMessage;

  beforeEach(async () => {
    peer = new ScriptedPeer();
    graph = createGraph({ peers: [peer] });
    checkAuthors(graph);
    checkAuthors(graph);
    heard = [];
    graph.node(SOUL).on(({ value }) => void heard.push(value));
    const news = await peer.connect();
    asked = news.find((message) => message['get'] !== undefined)!;
  });

  afterEach(() => graph.close());

  it('takes what the key has signed', async () => {
    await peer.say(signedPut('push', SIGNED, MARK));
    expect(heard.at(-1)).to.deep.equal({ name: 'Mark' });
  });

  it('asks for the operation of what comes without, and takes it then', async () => {
    const [question] = await peer.say({ '#': 'plain', '@': asked['#']!, put: graphOfWrites(MARK) });
    expect(question).to.deep.include({ get: { '#': SOUL }, op: 1 });
    expect(heard.at(-1)).to.equal(undefined);
    await peer.say(...answer(question!, SIGNED, MARK));
    expect(heard.at(-1)).to.deep.equal({ name: 'Mark' });
    expect(await peer.say({ '#': 'again', put: graphOfWrites(MARK) }), 'known').to.deep.equal([]);
  });

  it('does not take what nobody can show, and tells who says so', async () => {
    const [question] = await peer.say({ '#': 'plain', put: graphOfWrites({ ...MARK, state: 9 }) });
    const [refusal] = await peer.say({ '@': question!['#']! });
    expect(refusal).to.deep.include({ '@': 'plain' });
    expect(refusal!.err).to.contain('belongs to a key');
    expect(heard.filter((value) => value !== undefined)).to.deep.equal([]);
  });

  it('drops such a part of an answer, keeps the rest and does not ask for ever', async () => {
    const other = writeOf('mark', 'age', 5, 40);
    const found = foundAt(graph.get('mark').get('age'), (value) => value === 40);
    const news = await peer.heard();
    const get = news.find((message) => message['get'] !== undefined)!;
    const [question] = await peer.say({ '#': 'mixed', '@': get['#']!, put: graphOfWrites(MARK, other) });
    expect(question).to.deep.include({ op: 1 });
    const rest = await peer.say({ '#': 'shown', '@': question!['#']!, put: graphOfWrites(MARK) });
    expect(rest).to.deep.equal([]);
    expect(await found).to.equal(40);
    expect(heard.filter((value) => value !== undefined)).to.deep.equal([]);
  });

  it('refuses operations that are forged, of another key, or that say something else', async () => {
    const bad: RawMessage[] = [
      signedPut('forged', SIGNED, { ...MARK, json: '"Eve"' }),
      signedPut('foreign', saidBy(2, undefined, MARK), MARK),
      { '#': 'none', put: graphOfWrites(MARK), op: { h: 'x', b: 'y' } },
    ];
    for (const message of bad) {
      const [refusal] = await peer.say(message);
      expect(refusal, message['#']).to.deep.include({ '@': message['#'] });
      expect(refusal!.err).to.be.a('string');
    }
    expect(heard.filter((value) => value !== undefined)).to.deep.equal([]);
  });

  it('refuses what the key has signed for another network or topic, unless the graph is told of that', async () => {
    const elsewhere = operationAfter(authorOf(1), undefined, bodyOf([MARK]), {
      logId: logIdOf(graphTopic('elsewhere')),
    });
    const [refusal] = await peer.say(signedPut('push', elsewhere, MARK));
    expect(refusal).to.deep.include({ '@': 'push', err: 'op: the operation is of another log or topic' });
    expect(heard.filter((value) => value !== undefined)).to.deep.equal([]);
    checkAuthors(graph, { network: 'elsewhere' });
    await peer.say(signedPut('again', elsewhere, MARK));
    expect(heard.at(-1)).to.deep.equal({ name: 'Mark' });
    await peer.say(signedPut('both', saidBy(1, undefined, { ...MARK, state: 6 }), { ...MARK, state: 6 }));
    expect(() => checkAuthors(graph, { topic: new Uint8Array(31) })).to.throw(/32 bytes/);
  });

  it('takes what is long as well, which is read in steps', async () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(SOUL, `k${10_000 + at}`, 5, at));
    const found = foundAt(graph.node(SOUL).get('k14999'), (value) => value === 4999);
    await peer.heard();
    await peer.say(signedPut('push', saidBy(1, undefined, ...many), ...many));
    expect(await found).to.equal(4999);
  });

  it('asks for a hundred souls of one answer, whatever it names', async () => {
    const many = Array.from({ length: 150 }, (_, at) => writeOf(`${SOUL}${at}`, 'x', 5, 1));
    const questions = await peer.say({ '#': 'plain', '@': asked['#']!, put: graphOfWrites(...many) });
    expect(questions).to.have.lengthOf(100);
    expect(await peer.say(...questions.map((question) => ({ '@': question['#']! })))).to.deep.equal([]);
  });

  it('leaves all other souls as they are', async () => {
    const found = foundAt(graph.get('mark').get('age'), (value) => value === 40);
    await peer.heard();
    expect(await peer.say({ '#': 'push', put: graphOfWrites(writeOf('mark', 'age', 5, 40)) })).to.deep.equal(
      [],
    );
    expect(await found).to.equal(40);
  });
});
