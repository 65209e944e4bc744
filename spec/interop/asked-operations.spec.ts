/** Gets that ask for operations, beside gun clients that know nothing of them, and through gun's own relay. */
import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../lib/log/operation.ts';
import { readSignedPut } from '../../lib/store/signed-put.ts';
import { InteropWorld } from '../support/interop-world.ts';
import { verifyFast } from '../support/log-maker.ts';
import { freshId, freshName, graphOf, type RawMessage, type RawPeer } from '../support/raw-peer.ts';
import type { RealRelayProcess } from '../support/real-relay-process.ts';
import type { RelayProcess } from '../support/relay-process.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';

/** What an author has said of a node: the middle one holds no winner. */
interface Said {
  readonly soul: string;
  readonly operations: readonly [first: Operation, superseded: Operation, last: Operation];
  readonly state: number;
}

function isPlain(message: RawMessage): boolean {
  return message.put !== undefined && message['op'] === undefined;
}

function idOf(operation: Operation): string {
  return namesOf(operation).id;
}

/** The ids of the operations in answers, each of them true and saying what its put says. */
function idsIn(answers: readonly RawMessage[], soul: string): string[] {
  return answers
    .filter((message) => message['op'] !== undefined)
    .map((message) => {
      const { _: meta, ...values } = message.put![soul]!;
      const writes = Object.entries(values).map(([key, value]) =>
        writeOf(soul, key, meta['>'][key]!, value as string | number),
      );
      const read = readSignedPut(message['op'], writes, verifyFast);
      if (!read.ok) throw new Error(read.reason);
      return idOf(read.value);
    });
}

/** Asks with `op`; resolves with all that answers, once the plain answer and so many operations have come. */
async function ask(peer: RawPeer, selector: object, operations: number): Promise<readonly RawMessage[]> {
  const id = freshId();
  peer.send({ '#': id, get: selector, op: 1 });
  await peer.next((message) => message['@'] === id && isPlain(message), 'the plain answer');
  for (let left = operations; left > 0; left -= 1)
    await peer.next((message) => message['@'] === id && message['op'] !== undefined, 'an operation');
  return peer.repliesTo(id);
}

describe('interop: gets that ask for operations', function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  const each = new InteropWorld();
  let relay: RelayProcess;
  let real: RealRelayProcess;
  let author = 10;

  before(async () => {
    relay = await world.relay();
    real = await world.realRelay({ peers: [relay.url] });
  });
  after(() => world.end());
  afterEach(() => each.end());

  /** An author of its own says something in three operations. */
  async function said(): Promise<Said> {
    const writer = await each.raw(relay);
    const soul = freshName('mark');
    const state = Date.now() - 1000;
    author += 1;
    const writes: FieldWrite[][] = [
      [writeOf(soul, 'name', state, 'Mark'), writeOf(soul, 'age', state, 40)],
      [writeOf(soul, 'name', state + 1, 'Mark I')],
      [writeOf(soul, 'name', state + 2, 'Mark II')],
    ];
    const operations: Operation[] = [];
    for (const some of writes) {
      const operation = saidBy(author, operations.at(-1), ...some);
      operations.push(operation);
      const id = freshId();
      writer.send(signedPut(id, operation, ...some));
      expect(await writer.reply(id)).to.deep.include({ ok: true });
    }
    return { soul, state, operations: operations as unknown as Said['operations'] };
  }

  it('get those that hold what the graph shows, while gun clients read it as ever', async () => {
    const { soul, state, operations } = await said();
    const gun = await each.gun({ peers: [relay] });
    const heard = await gun.on([soul, 'name']);
    await heard.equals('Mark II');
    const asker = await each.raw(relay);
    const answers = await ask(asker, { '#': soul }, 2);
    expect(idsIn(answers, soul)).to.have.members([idOf(operations[0]), idOf(operations[2])]);
    expect(answers.map(isPlain), 'operations come first').to.deep.equal([false, false, true]);
    expect(answers[2]!.put).to.deep.equal({
      [soul]: { _: { '#': soul, '>': { age: state, name: state + 2 } }, age: 40, name: 'Mark II' },
    });
    const ofName = await ask(asker, { '#': soul, '.': 'name' }, 1);
    expect(idsIn(ofName, soul)).to.deep.equal([idOf(operations[2])]);
    const reader = await each.gun({ peers: [relay] });
    expect(await reader.once([soul, 'age'])).to.equal(40);
    expect(await reader.once([soul, 'name'])).to.equal('Mark II');
    const write = writeOf(soul, 'name', Date.now(), 'Mark III');
    const writer = await each.raw(relay);
    writer.send(signedPut('next', saidBy(author, operations[2], write), write));
    await heard.equals('Mark III');
  });

  it('get the plain answer where no author signed', async () => {
    const soul = freshName('plain');
    const client = await each.raw(relay);
    await client.put(graphOf(soul, { name: 'Ann' }));
    const stranger = await each.raw(real);
    for (const peer of [client, stranger]) {
      const answers = await ask(peer, { '#': soul }, 0);
      expect(answers.find(isPlain)!.put![soul]).to.deep.include({ name: 'Ann' });
    }
  });

  it("go through gun's own relay with the field, and the operations come back beside the plain answer", async () => {
    const { soul, operations } = await said();
    const asker = await each.raw(real);
    const answers = await ask(asker, { '#': soul }, 2);
    expect(idsIn(answers, soul)).to.have.members([idOf(operations[0]), idOf(operations[2])]);
    expect(answers.find(isPlain)!.put![soul]).to.deep.include({ age: 40, name: 'Mark II' });
    // Its clients see plain data; the relay itself has that from the answer now, and still passes the question on.
    const gun = await each.gun({ peers: [real] });
    expect(await gun.once([soul, 'name'])).to.equal('Mark II');
    const later = await ask(await each.raw(real), { '#': soul }, 2);
    expect(idsIn(later, soul)).to.have.members([idOf(operations[0]), idOf(operations[2])]);
    expect(later.find(isPlain)!.put![soul]).to.deep.include({ age: 40, name: 'Mark II' });
  });
});
