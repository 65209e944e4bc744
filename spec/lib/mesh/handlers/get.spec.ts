import { expect } from 'chai';
import { contentHash } from '../../../../lib/wire/content-hash.ts';
import { get, meshWorlds, PAST, put, type MeshWorld } from '../../../support/mesh-world.ts';
import type { RawMessage } from '../../../support/raw-peer.ts';
import type { RecordingLink } from '../../../support/recording-link.ts';

/** Answers to an id. */
function answersTo(messages: readonly RawMessage[], id: string): RawMessage[] {
  return messages.filter((message) => message['@'] === id);
}

/** Questions among messages. */
function questionsIn(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter((message) => message.get !== undefined);
}

/** A client that stores something and leaves. */
async function store(world: MeshWorld, ...writes: readonly RawMessage[]): Promise<void> {
  const writer = await world.client('writer', null);
  await world.ask(writer, ...writes);
  writer.hangUp();
}

describe('mesh/handlers/get', () => {
  const newWorld = meshWorlds();

  describe('answers', () => {
    it('come once, with the node, its states and the hash of what is sent', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { b: 'two', a: 1 }));
      const ann = await world.client();
      const [reply, ...more] = answersTo(await world.ask(ann, get('r1', 'soul')), 'r1');
      expect(more).to.deep.equal([]);
      expect(reply?.put).to.deep.equal(put('', 'soul', { a: 1, b: 'two' }).put);
      const json = `{"soul":{"_":{"#":"soul",">":{"a":${PAST},"b":${PAST}}},"a":1,"b":"two"}}`;
      expect(ann.frames.some(({ text }) => text.includes(`"put":${json}}`))).to.equal(true);
      expect(reply?.['##']).to.equal(contentHash(json));
      expect(reply).to.not.have.property('%');
    });

    it('are the same from memory and from storage', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const ann = await world.client('ann');
      const bob = await world.client('bob');
      const first = answersTo(await world.ask(ann, get('r1', 'soul')), 'r1');
      const reads = world.storage.calls.range + world.storage.calls.getText;
      const second = answersTo(await world.ask(bob, get('r2', 'soul')), 'r2');
      expect(world.storage.calls.range + world.storage.calls.getText).to.equal(reads);
      expect(second[0]?.put).to.deep.equal(first[0]?.put);
      expect(second[0]?.['##']).to.equal(first[0]?.['##']);
    });

    it('are the same when they are long, also after others that wait with them', async () => {
      const world = await newWorld();
      const long = 'x'.repeat(300_000);
      await store(world, put('w1', 'soul', { a: long, b: `${long}b`, c: 'short' }));
      const ann = await world.client();
      const keys = ['a', 'b', 'c', 'a'];
      const news = await world.ask(ann, ...keys.map((key, at) => get(`r${at}`, 'soul', key)));
      const hashes = keys.map((key, at) => {
        const [reply, ...more] = answersTo(news, `r${at}`);
        expect(more).to.deep.equal([]);
        const value = { a: long, b: `${long}b`, c: 'short' }[key];
        expect(reply?.put?.['soul']?.[key] === value, key).to.equal(true);
        const json = JSON.stringify({ soul: { _: { '#': 'soul', '>': { [key]: PAST } }, [key]: value } });
        expect(reply?.['##']).to.equal(contentHash(json));
        return reply?.['##'] ?? 0;
      });
      const known = { ...get('again', 'soul', 'a'), '##': hashes[0]! };
      expect(answersTo(await world.ask(ann, known), 'again')).to.deep.equal([]);
    });

    it('are not made for a peer that leaves before its turn', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 'x'.repeat(300_000) }));
      const ann = await world.client();
      ann.say(get('r1', 'soul', 'a'), get('r2', 'soul', 'a'));
      ann.hangUp();
      await world.settle();
      expect(ann.news()).to.deep.equal([]);
      expect(world.events.filter(({ kind }) => kind === 'read-failed')).to.deep.equal([]);
    });

    it('hold one property when one is asked for, null included', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: null, b: 2 }));
      const ann = await world.client();
      const [reply] = answersTo(await world.ask(ann, get('r1', 'soul', 'a')), 'r1');
      expect(reply?.put).to.deep.equal(put('', 'soul', { a: null }).put);
    });

    it('hold the whole node when the property is empty', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1, b: 2 }));
      const ann = await world.client();
      const [reply] = answersTo(await world.ask(ann, get('r1', 'soul', '')), 'r1');
      expect(reply?.put?.['soul']).to.include({ a: 1, b: 2 });
    });

    it('say "not found" for a node and for a property that is not there', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const ann = await world.client();
      for (const [id, soul, key] of [
        ['r1', 'nothing', undefined],
        ['r2', 'soul', 'b'],
        ['r3', 'nothing', 'b'],
      ] as const) {
        const answers = answersTo(await world.ask(ann, get(id, soul, key)), id);
        expect(answers, id).to.have.lengthOf(1);
        expect(answers[0], id).to.have.keys('#', '@');
      }
    });

    it('stay away when the sender has them already', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const ann = await world.client('ann');
      const [reply] = answersTo(await world.ask(ann, get('r1', 'soul')), 'r1');
      const bob = await world.client('bob');
      const hash = reply?.['##'] ?? 0;
      expect(await world.ask(bob, { ...get('r2', 'soul'), '##': hash })).to.deep.equal([]);
      expect(
        answersTo(await world.ask(bob, { ...get('r3', 'soul'), '##': hash + 1 }), 'r3'),
      ).to.have.lengthOf(1);
    });

    it('come once for an id, however often it is repeated', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const ann = await world.client();
      const news = await world.ask(ann, get('r1', 'soul'), get('r1', 'soul'), get('r1', 'other'));
      expect(answersTo(news, 'r1')).to.have.lengthOf(1);
      expect(await world.ask(ann, get('r1', 'soul'))).to.deep.equal([]);
    });

    it('show a write that was acknowledged before', async () => {
      const world = await newWorld();
      const ann = await world.client();
      for (let i = 0; i < 20; i += 1) {
        await world.ask(ann, put(`w${i}`, 'soul', { a: i }, PAST + i));
        const [reply] = answersTo(await world.ask(ann, get(`r${i}`, 'soul')), `r${i}`);
        expect(reply?.put?.['soul']).to.include({ a: i });
      }
    });

    it('keep the names of built-ins apart from built-ins', async () => {
      const world = await newWorld();
      const ann = await world.client();
      for (const name of ['__proto__', 'constructor', 'toString', 'link']) {
        expect(answersTo(await world.ask(ann, get(`a-${name}`, name)), `a-${name}`)[0]).to.have.keys(
          '#',
          '@',
        );
        expect(answersTo(await world.ask(ann, get(`b-${name}`, 's', name)), `b-${name}`)[0]).to.have.keys(
          '#',
          '@',
        );
        await store(world, put(`w-${name}`, name, { [name]: 'here' }));
        const [reply] = answersTo(await world.ask(ann, get(name, name, name)), name);
        expect(Object.getOwnPropertyDescriptor(reply?.put?.[name] ?? {}, name)?.value, name).to.equal('here');
      }
    });

    it('say so when the storage fails, early or late, and the next read is served', async () => {
      for (const late of [false, true]) {
        const world = await newWorld();
        await store(world, put('w1', 'soul', { a: 1 }));
        world.storage.late = late;
        const ann = await world.client();
        world.storage.fails = (operation) => operation !== 'commit';
        for (const [id, soul, key] of [
          ['r1', 'soul', undefined],
          ['r2', 'soul', 'a'],
          ['r3', 'soul', { '*': '' }],
        ] as const) {
          const answers = answersTo(await world.ask(ann, get(id, soul, key)), id);
          expect(
            answers.map(({ err }) => err),
            id,
          ).to.deep.equal(['storage failed']);
        }
        expect(world.events.filter(({ kind }) => kind === 'read-failed')).to.have.lengthOf(3);
        world.storage.fails = () => false;
        expect(answersTo(await world.ask(ann, get('r4', 'soul')), 'r4')[0]).to.have.property('put');
      }
    });

    it('say so when the storage throws instead of rejecting', async () => {
      const world = await newWorld();
      const ann = await world.client();
      world.storage.getText = () => {
        throw new Error('closed');
      };
      world.storage.range = () => {
        throw new Error('closed');
      };
      expect(await world.ask(ann, get('r1', 'soul', 'a'))).to.have.nested.property(
        '[0].err',
        'storage failed',
      );
      expect(await world.ask(ann, get('r2', 'soul'))).to.have.nested.property('[0].err', 'storage failed');
      expect(await world.ask(ann, get('r3', { '*': 's' }))).to.have.nested.property(
        '[0].err',
        'storage failed',
      );
    });

    it('are not made for a peer that left meanwhile, nor is anybody asked for it', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const ann = await world.client();
      world.storage.late = true;
      ann.say(get('r1', 'soul'), get('r2', 'soul', 'key'));
      ann.hangUp();
      await world.settle();
      expect(relay.news()).to.deep.equal([]);
    });
  });

  describe('long answers', () => {
    const PART = 1000;
    const limits = { replyPartLength: PART, outputBytes: 80_000 };

    /** A node that needs many parts. */
    async function bigWorld(properties = 200): Promise<MeshWorld> {
      const world = await newWorld({ limits });
      const fields = Array.from({ length: properties }, (_, i) => [`k${i}`, 'x'.repeat(100)] as const);
      await store(world, put('w1', 'big', Object.fromEntries(fields)));
      return world;
    }

    it('come in bounded parts that name their successor and never overlap', async () => {
      const world = await bigWorld();
      const ann = await world.client();
      const parts = answersTo(await world.ask(ann, get('r1', 'big')), 'r1');
      expect(parts.length).to.be.above(10);
      for (const [at, part] of parts.entries()) {
        expect(JSON.stringify(part).length).to.be.below(2 * PART);
        expect(part['%']).to.equal(parts[at + 1]?.['#']);
      }
      const keys = parts.flatMap((part) => Object.keys(part.put?.['big'] ?? {}).filter((key) => key !== '_'));
      expect(keys).to.have.lengthOf(200);
      expect(new Set(keys)).to.have.property('size', 200);
    });

    it('pause while the peer does not read, and end when it leaves', async () => {
      const world = await bigWorld();
      const ann = await world.client();
      ann.isStuck = true;
      ann.say(get('r1', 'big'));
      await world.settle();
      const before = ann.frames.length;
      expect(ann.queuedBytes).to.be.within(10_000, 12_000 + PART);
      await world.advance(1000, 5);
      expect(ann.frames).to.have.lengthOf(before);
      ann.queuedBytes = 0;
      await world.advance(200, 5);
      expect(ann.frames.length).to.be.above(before);
      ann.hangUp();
      await world.advance(1000, 5);
      expect(world.time.timerCount).to.equal(0);
    });

    it('go on to their end as fast as the peer reads', async () => {
      const world = await bigWorld();
      const ann = await world.client();
      ann.isStuck = true;
      ann.say(get('r1', 'big'));
      for (let i = 0; i < 50; i += 1) {
        await world.advance(100, 5);
        ann.queuedBytes = Math.max(0, ann.queuedBytes - 3000);
      }
      const parts = answersTo(ann.heard, 'r1');
      expect(parts.at(-1)).to.not.have.property('%');
      expect(ann.closedWith).to.equal(undefined);
    });

    it('cut off a peer that reads nothing for half a minute', async () => {
      const world = await bigWorld();
      const ann = await world.client();
      ann.isStuck = true;
      ann.say(get('r1', 'big'));
      await world.settle();
      await world.advance(29_000, 20);
      expect(ann.closedWith).to.equal(undefined);
      await world.advance(2000, 20);
      expect(ann.closedWith?.code).to.equal(1013);
      expect(world.time.timerCount).to.equal(0);
    });

    it('say so when the storage fails in the middle', async () => {
      const world = await bigWorld(2000);
      const ann = await world.client();
      let walks = 0;
      world.storage.fails = (operation) => operation === 'next' && (walks += 1) > 3;
      const answers = answersTo(await world.ask(ann, get('r1', 'big')), 'r1');
      expect(answers.length).to.be.above(2);
      expect(answers.at(-1)?.err).to.equal('storage failed');
    });
  });

  describe('reads by LEX', () => {
    it('answer with what matches and subscribe to the whole node', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a1: 1, a2: 2, b: 3 }));
      const ann = await world.client('ann');
      const [reply] = answersTo(await world.ask(ann, get('r1', 'soul', { '*': 'a' })), 'r1');
      expect(reply?.put).to.deep.equal(put('', 'soul', { a1: 1, a2: 2 }).put);
      await store(world, put('w2', 'soul', { c: 4 }));
      expect(ann.news()).to.have.nested.property('[0].put.soul.c', 4);
    });

    it('over souls answer with many nodes and subscribe to none', async () => {
      const world = await newWorld();
      await store(
        world,
        put('w1', 'chat/1', { a: 1 }),
        put('w2', 'chat/2', { b: 2 }),
        put('w3', 'else', { c: 3 }),
      );
      const ann = await world.client('ann');
      const read = { '#': 'r1', get: { '#': { '*': 'chat/' }, '%': 1000 } };
      const [reply] = answersTo(await world.ask(ann, read), 'r1');
      expect(Object.keys(reply?.put ?? {})).to.deep.equal(['chat/1', 'chat/2']);
      await store(world, put('w4', 'chat/1', { d: 4 }));
      expect(ann.news()).to.deep.equal([]);
      expect(world.mesh.interest.isEmpty).to.equal(true);
    });

    it('say "not found" once when nothing matches', async () => {
      const world = await newWorld();
      const ann = await world.client();
      for (const [id, soul, key] of [
        ['r1', 'soul', { '*': 'a' }],
        ['r2', { '*': 'soul' }, undefined],
      ] as const) {
        expect(answersTo(await world.ask(ann, get(id, soul, key)), id)).to.have.lengthOf(1);
      }
    });

    it('ask the client back, also when relays are asked first', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const ann = await world.client();
      const questions = questionsIn(await world.ask(ann, get('r1', 'soul', { '*': 'a' })));
      expect(questions.map((message) => message.get)).to.deep.equal([{ '#': 'soul', '.': { '*': 'a' } }]);
      await world.ask(relay, { '#': 'n', '@': 'r1' });
      expect(answersTo(ann.heard, 'r1')).to.have.lengthOf(1);
      expect(questionsIn(ann.news())).to.deep.equal([]);
    });
  });

  describe('subscriptions', () => {
    it('last until the link ends, and hold no more than allowed', async () => {
      const world = await newWorld({ limits: { subscriptionsPerPeer: 3 } });
      const ann = await world.client('ann');
      for (const soul of ['a', 'b', 'c', 'd']) {
        expect(answersTo(await world.ask(ann, get(`r-${soul}`, soul)), `r-${soul}`)).to.have.lengthOf(1);
      }
      const bob = await world.client('bob');
      await world.ask(bob, ...['a', 'b', 'c', 'd'].map((soul) => put(`w-${soul}`, soul, { k: 1 })));
      expect(ann.news().flatMap((message) => Object.keys(message.put ?? {}))).to.have.members([
        'a',
        'b',
        'c',
      ]);
      ann.hangUp();
      expect(world.mesh.interest.isEmpty).to.equal(true);
    });

    it('make the relay ask a client the same back, once, with the hash of its own answer', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const ann = await world.client();
      const news = await world.ask(ann, get('r1', 'soul', 'a'));
      const [reply] = answersTo(news, 'r1');
      const questions = questionsIn(news);
      expect(questions).to.have.lengthOf(1);
      expect(questions[0]).to.deep.include({ get: { '#': 'soul', '.': 'a' }, '##': reply?.['##'] });
      expect(questionsIn(await world.ask(ann, get('r2', 'soul', 'a')))).to.deep.equal([]);
      expect(questionsIn(await world.ask(ann, get('r3', 'soul')))).to.have.lengthOf(1);
      expect(questionsIn(await world.ask(ann, get('r4', 'soul', 'b')))).to.deep.equal([]);
    });

    it('make it ask without a hash for what it does not have', async () => {
      const world = await newWorld();
      const ann = await world.client();
      const [question, ...more] = questionsIn(await world.ask(ann, get('r1', 'soul')));
      expect(question?.get).to.deep.equal({ '#': 'soul' });
      expect(question).to.not.have.property('##');
      expect(more).to.deep.equal([]);
    });

    it('make it ask nothing of a client that has the same', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const ann = await world.client('ann');
      const [reply] = answersTo(await world.ask(ann, get('r1', 'soul')), 'r1');
      const bob = await world.client('bob');
      expect(await world.ask(bob, { ...get('r2', 'soul'), '##': reply?.['##'] ?? 0 })).to.deep.equal([]);
    });

    it('bring what a client wrote offline to those who listen, without an acknowledgement', async () => {
      const world = await newWorld();
      const bob = await world.client('bob');
      await world.ask(bob, get('r1', 'soul'));
      const ann = await world.client('ann');
      const [question] = questionsIn(await world.ask(ann, get('r2', 'soul')));
      bob.news();
      const offline = { ...put('a1', 'soul', { a: 'offline' }), '@': question?.['#'] ?? '' };
      expect(await world.ask(ann, offline)).to.deep.equal([]);
      expect(bob.news()).to.have.nested.property('[0].put.soul.a', 'offline');
    });
  });

  describe('with clients that may know better', () => {
    it('answer at once, ask these clients once, and pass on what they know', async () => {
      const world = await newWorld();
      const node = await world.nodePeer();
      node.news();
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      expect(answersTo(await world.ask(ann, get('r1', 'soul')), 'r1')).to.have.lengthOf(1);
      const [question, ...more] = node.news();
      expect(more).to.deep.equal([]);
      expect(question?.get).to.deep.equal({ '#': 'soul' });
      await world.ask(bob, get('r2', 'soul', 'a'));
      expect(node.news()).to.deep.equal([]);
      const answer = { ...put('a1', 'soul', { a: 1 }), '@': question?.['#'] ?? '' };
      expect(await world.ask(node, answer)).to.deep.equal([]);
      for (const link of [ann, bob]) {
        expect(link.news().some((message) => message.put?.['soul']?.['a'] === 1)).to.equal(true);
      }
    });

    it('tell them what is here, and do not ask the asker', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const [node, other] = [await world.nodePeer('one'), await world.nodePeer('two')];
      other.news();
      const [reply] = answersTo(await world.ask(node, get('r1', 'soul')), 'r1');
      expect(other.news()).to.have.nested.property('[0].##', reply?.['##']);
      expect(await world.ask(node, { ...get('r2', 'else'), nts: 1 })).to.have.lengthOf(2);
      expect(other.news()).to.deep.equal([]);
    });
  });

  describe('with relays', () => {
    it('say "not found" only after all relays said so', async () => {
      const world = await newWorld();
      const [one, two] = [await world.dialledRelay('one'), await world.dialledRelay('two')];
      const ann = await world.client();
      expect(answersTo(await world.ask(ann, get('r1', 'soul', 'a')), 'r1')).to.deep.equal([]);
      for (const relay of [one, two]) {
        expect(relay.news()).to.deep.equal([{ '#': 'r1', get: { '#': 'soul', '.': 'a' } }]);
      }
      await world.ask(one, { '#': 'n1', '@': 'r1' });
      expect(answersTo(ann.heard, 'r1')).to.deep.equal([]);
      await world.ask(two, { '#': 'n2', '@': 'r1' });
      expect(answersTo(ann.heard, 'r1')).to.have.lengthOf(1);
    });

    it('say so at the deadline when a relay stays silent', async () => {
      const world = await newWorld();
      await world.dialledRelay();
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'));
      await world.advance(world.limits.askMs - 100, 100);
      expect(answersTo(ann.heard, 'r1')).to.deep.equal([]);
      await world.advance(200, 100);
      expect(answersTo(ann.heard, 'r1')).to.have.lengthOf(1);
      expect(world.time.timerCount).to.equal(0);
    });

    it('answer with what a relay knew, merged and without an acknowledgement', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'));
      const answer = { ...put('a1', 'soul', { a: 1 }), '@': 'r1', '##': 5 };
      expect(await world.ask(relay, answer)).to.deep.equal([]);
      expect(answersTo(ann.heard, 'r1')).to.have.nested.property('[0].put.soul.a', 1);
      expect(await world.graph.readField('soul', 'a')).to.include({ json: '1' });
      await world.advance(world.limits.askMs + 100, 100);
      expect(answersTo(ann.heard, 'r1')).to.have.lengthOf(1);
    });

    it('wait for the last part of what a relay knows', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'));
      await world.ask(relay, { ...put('a1', 'soul', { a: 1 }), '@': 'r1', '%': 'a2' });
      expect(answersTo(ann.heard, 'r1')).to.deep.equal([]);
      await world.ask(relay, { ...put('a2', 'soul', { b: 2 }), '@': 'r1' });
      const [reply] = answersTo(ann.heard, 'r1');
      expect(reply?.put?.['soul']).to.include({ a: 1, b: 2 });
    });

    it('tell the asker what a second relay knows better', async () => {
      const world = await newWorld();
      const [one, two] = [await world.dialledRelay('one'), await world.dialledRelay('two')];
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'));
      await world.ask(one, { ...put('a1', 'soul', { a: 1 }), '@': 'r1' });
      ann.news();
      await world.ask(two, { ...put('a2', 'soul', { a: 2 }, PAST + 1), '@': 'r1' });
      expect(ann.news()).to.have.nested.property('[0].put.soul.a', 2);
    });

    it('ask a relay that comes later for what others were asked already', async () => {
      const world = await newWorld();
      const one = await world.dialledRelay('one');
      const ann = await world.client('ann');
      await world.ask(ann, get('r1', 'soul'));
      await world.ask(one, { '#': 'n1', '@': 'r1' });
      ann.hangUp();
      const two = await world.dialledRelay('two');
      const bob = await world.client('bob');
      await world.ask(bob, get('r2', 'soul'));
      expect(questionsIn(two.news())).to.have.lengthOf(1);
    });

    it('let clients wait together for the same, with one question', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      await world.ask(ann, get('r1', 'soul'));
      await world.ask(bob, get('r2', 'soul'));
      expect(relay.news()).to.have.lengthOf(1);
      await world.ask(relay, { ...put('a1', 'soul', { a: 1 }), '@': 'r1' });
      expect(answersTo(ann.heard, 'r1')).to.have.nested.property('[0].put.soul.a', 1);
      expect(answersTo(bob.heard, 'r2')).to.have.nested.property('[0].put.soul.a', 1);
    });

    it('ask nobody when the read must not travel', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const ann = await world.client();
      const news = await world.ask(ann, { ...get('r1', 'soul'), nts: 1 });
      expect(answersTo(news, 'r1')).to.have.lengthOf(1);
      expect(relay.news()).to.deep.equal([]);
    });

    it('do not ask the asker', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const news = await world.ask(relay, get('r1', 'soul'));
      expect(answersTo(news, 'r1')).to.have.lengthOf(1);
      expect(questionsIn(news)).to.deep.equal([]);
    });

    it('ask a relay back only when it says that it knows otherwise', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const relay = await world.dialledRelay();
      expect(questionsIn(await world.ask(relay, get('r1', 'soul')))).to.deep.equal([]);
      const other = await world.dialledRelay('other');
      const news = await world.ask(other, { ...get('r2', 'soul'), '##': 1 });
      expect(answersTo(news, 'r2')).to.have.lengthOf(1);
      expect(questionsIn(news)).to.have.lengthOf(1);
      const third = await world.dialledRelay('third');
      expect(questionsIn(await world.ask(third, { ...get('r3', 'nothing'), '##': 1 }))).to.have.lengthOf(1);
    });

    it('learn from them once per node or property what they know better, with one id for all', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1, b: 2 }));
      const [one, two] = [await world.dialledRelay('one'), await world.dialledRelay('two')];
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      const [reply] = answersTo(await world.ask(ann, get('r1', 'soul', 'a')), 'r1');
      const [first, ...more] = one.news();
      expect(first).to.deep.include({ get: { '#': 'soul', '.': 'a' }, '##': reply?.['##'] });
      expect(more).to.deep.equal([]);
      expect(two.news()).to.deep.equal([first]);
      await world.ask(bob, get('r2', 'soul', 'a'));
      expect(one.news()).to.deep.equal([]);
      await world.ask(bob, get('r3', 'soul'));
      expect(one.news().map((message) => message.get)).to.deep.equal([{ '#': 'soul' }]);
      await world.ask(ann, get('r4', 'soul', 'b'));
      expect(one.news()).to.deep.equal([]);
      bob.hangUp();
      await world.advance(10_000);
      await world.ask(ann, get('r5', 'soul'));
      expect(one.news()).to.have.lengthOf(1);
    });

    it('say "not found" at once to a relay that brings a read a second way, or a question back', async () => {
      const world = await newWorld();
      await store(world, put('w1', 'soul', { a: 1 }));
      const [one, two] = [await world.dialledRelay('one'), await world.dialledRelay('two')];
      const ann = await world.client();
      await world.ask(ann, get('r1', 'missing'));
      expect(answersTo(await world.ask(one, get('r1', 'missing')), 'r1')).to.have.lengthOf(1);
      expect(questionsIn(two.news())).to.have.lengthOf(1);
      await world.ask(ann, get('r2', 'soul'));
      const [question] = questionsIn(one.news());
      const back = await world.ask(two, { ...question });
      expect(back.map((message) => Object.keys(message))).to.deep.equal([['#', '@']]);
    });

    it('ask relays that were dialled before any others, and sixteen at most', async () => {
      const world = await newWorld();
      const inbound: RecordingLink[] = [];
      for (let i = 0; i < 20; i += 1) inbound.push(await world.inboundRelay(`in${i}`));
      const dialled = await world.dialledRelay();
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'));
      expect(questionsIn(dialled.news())).to.have.lengthOf(1);
      expect(inbound.filter((link) => questionsIn(link.news()).length > 0)).to.have.lengthOf(15);
    });

    it('are not held up for long by strangers that say they are relays and never answer', async () => {
      const world = await newWorld();
      await world.inboundRelay('stranger');
      const guest = await world.client('guest');
      await world.ask(guest, { ...put('w1', 's', { k: 1 }), '><': 'a,b' });
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'));
      expect(questionsIn(guest.news())).to.have.lengthOf(1);
      await world.advance(300, 50);
      expect(answersTo(ann.heard, 'r1')).to.have.lengthOf(1);
    });

    it('do not ask browsers that list their peers', async () => {
      const world = await newWorld();
      const browser = await world.client('browser');
      await world.ask(browser, { dam: 'hi' }, { ...put('w1', 's', { k: 1 }), '><': 'a,b' });
      const ann = await world.client();
      expect(answersTo(await world.ask(ann, get('r1', 'soul')), 'r1')).to.have.lengthOf(1);
      expect(browser.news()).to.deep.equal([]);
    });

    it('are answered from the store when too many reads are under way', async () => {
      const world = await newWorld({ limits: { openAsks: 4 } });
      const relay = await world.dialledRelay();
      const ann = await world.client('ann');
      const bob = await world.client('bob');
      expect(answersTo(await world.ask(ann, get('r1', 's1')), 'r1')).to.deep.equal([]);
      expect(answersTo(await world.ask(ann, get('r2', 's2')), 'r2')).to.have.lengthOf(1);
      expect(answersTo(await world.ask(bob, get('r3', 's3')), 'r3')).to.deep.equal([]);
      relay.hangUp();
      await world.settle();
      expect(answersTo(ann.heard, 'r1')).to.have.lengthOf(1);
      expect(answersTo(bob.heard, 'r3')).to.have.lengthOf(1);
    });
  });
});
