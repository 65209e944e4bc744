import { expect } from 'chai';
import type { LivePart } from '../../../lib/api/live-nodes.ts';
import { EventStorage } from '../../../lib/chain/event-storage.ts';
import { on, type EventOwner } from '../../../lib/chain/events.ts';
import { graphLimitsWith } from '../../../lib/base/graph-limits.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { settle } from '../../support/scripted-peer.ts';
import { called, useChains } from '../../support/chains.ts';

interface Message {
  readonly '#': string;
  readonly get: Record<string, string>;
  readonly put: Record<string, unknown>;
}

/** A storage with an owner of its own, and what it says to the graph. */
function open() {
  const owner: EventOwner = { on };
  const taken: FieldWrite[] = [];
  const failures: unknown[] = [];
  let answers = 0;
  const storage = new EventStorage(owner, {
    limits: graphLimitsWith(),
    $: undefined,
    take: async (writes) => taken.push(...writes),
    answered: () => (answers += 1),
    fail: (error) => failures.push(error),
  });
  return {
    owner,
    storage,
    taken,
    failures,
    answers: () => answers,
    isAnswered: (soul: string) => storage.isAnswered([{ node: { soul } } as LivePart]),
  };
}

function nodeOf(soul: string, key: string, value: unknown): object {
  return { [soul]: { _: { '#': soul, '>': { [key]: 5 } }, [key]: value } };
}

describe('EventStorage', () => {
  it('asks, and waits for the answer of the node it asked for', async () => {
    const { owner, storage, taken, answers, isAnswered } = open();
    storage.ask({ soul: 'before', reverse: false });
    expect(isAnswered('before'), 'without a listener').to.equal(true);
    const asked: Message[] = [];
    owner.on<Message>('get', (message) => asked.push(message));
    storage.ask({ soul: 's', key: 'k', reverse: false });
    expect(asked[0]!.get).to.deep.equal({ '#': 's', '.': 'k' });
    expect([isAnswered('s'), isAnswered('other')]).to.deep.equal([false, true]);
    owner.on('in', { '@': asked[0]!['#'], put: nodeOf('s', 'k', 'v') });
    await settle();
    expect([isAnswered('s'), answers()]).to.deep.equal([true, 1]);
    expect(taken).to.deep.equal([writeOf('s', 'k', 5, 'v')]);
    storage.ask({ soul: 'empty', reverse: false });
    owner.on('in', { '@': asked[1]!['#'], put: undefined, err: undefined });
    expect(isAnswered('empty')).to.equal(true);
  });

  it('tells of what is new, with an id for the answer', () => {
    const { owner, storage, failures } = open();
    const told: Message[] = [];
    owner.on<Message>('put', (message) => told.push(message));
    storage.tell([writeOf('s', 'k', 5, 'v')], () => 'plain');
    expect(told[0]!.put).to.deep.equal({ '#': 's', '.': 'k', ':': 'plain', '>': 5 });
    owner.on('in', { '@': told[0]!['#'], ok: 1 });
    expect(failures).to.deep.equal([]);
  });

  it('takes what comes unasked, and says what is no node', async () => {
    const { owner, taken, failures } = open();
    owner.on('in', { put: nodeOf('s', 'k', 1) });
    owner.on('in', { put: { s: 'no node' } });
    owner.on('in', 'no message');
    await settle();
    expect(taken).to.deep.equal([writeOf('s', 'k', 5, 1)]);
    expect(failures.map((error) => (error as { code?: string }).code)).to.deep.equal(['GRAPH_BAD_VALUE']);
  });
});

describe('chains with a storage that listens to their events', () => {
  const world = useChains();

  it('are not ended by a listener that only looks at reads', async () => {
    const gun = world.open();
    const seen: unknown[] = [];
    gun.on('get', function look(this: { to: { next(m: unknown): void } }, message: Message) {
      seen.push(message.get['#']);
      this.to.next(message);
    });
    expect(await called((done) => gun.get('nobody').once(done))).to.equal(undefined);
    expect(seen).to.include('nobody');
  });

  it('do not call back with nothing before it has answered', async () => {
    const gun = world.open();
    const asked: Message[] = [];
    gun.on('get', (message: Message) => asked.push(message));
    const name = called((done) => gun.get('mark').get('name').once(done));
    await settle();
    for (const { '#': id, get } of asked) gun._.on('in', { '@': id, put: nodeOf(get['#']!, 'name', 'Mark') });
    expect(await name).to.equal('Mark');
  });
});
