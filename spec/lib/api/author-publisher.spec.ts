import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { decodeHeader } from '../../../lib/log/codec.ts';
import { hashHex } from '../../../lib/log/hash.ts';
import { seeded } from '../../support/arbitraries.ts';
import { keyOf, signingApp, soundLog, useSigningApps, type SigningApp } from '../../support/author-apps.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';
import type { RawMessage } from '../../support/raw-peer.ts';
import { ScriptedPeer, settle } from '../../support/scripted-peer.ts';
import { Owners } from '../../support/storage-owners.ts';

/** Sequence numbers and ids of the operations in puts. */
function operationsIn(messages: readonly RawMessage[]): [sequence: number, id: string][] {
  return messages
    .filter((message) => message.put !== undefined)
    .map((message) => {
      const bytes = Buffer.from((message['op'] as { readonly h: string }).h, 'base64url');
      const header = decodeHeader(bytes);
      if (!header.ok) throw new Error(header.reason);
      return [header.value.sequence, hashHex(bytes)];
    });
}

/** What an app does until it is killed: so many writes, and the call of the storage that never comes back. */
interface Life {
  readonly writes: number;
  readonly killedAt: number;
  readonly when: 'before' | 'after';
}

const LIFE: fc.Arbitrary<Life> = fc.record({
  writes: fc.integer({ min: 1, max: 6 }),
  killedAt: fc.integer({ min: 0, max: 40 }),
  when: fc.constantFrom('before', 'after'),
});

/** An app over several lives on one storage, and a peer that notes what it is sent. */
class Lives {
  readonly memory = new MemoryStorage();
  /** What the app was told is stored. */
  readonly told: string[] = [];
  /** What ever left the app. */
  readonly sent = new Map<number, string>();
  #number = 0;

  async live({ writes, killedAt, when }: Life): Promise<void> {
    const storage = new FaultyStorage(this.memory);
    let kill!: () => void;
    const killed = new Promise<void>((resolve) => (kill = resolve));
    const peer = new ScriptedPeer();
    storage.hangs = (_operation, step) => {
      if (step < killedAt) return undefined;
      kill();
      return when;
    };
    const living = this.#write(storage, peer, writes);
    await Promise.race([living, killed]);
    await settle();
  }

  async #write(storage: FaultyStorage, peer: ScriptedPeer, writes: number): Promise<void> {
    const { graph } = await signingApp({ kept: storage, peers: [peer] });
    this.#listen(await peer.connect(), peer);
    for (let at = 0; at < writes; at += 1) {
      this.#number += 1;
      const number = this.#number;
      await graph.get('s').put({ [`k${number}`]: number });
      this.told.push(`s.k${number}=${number}`);
      const get = (await this.#heard(peer)).find((message) => message['get'] !== undefined);
      if (get !== undefined) this.#listen(await peer.say({ '@': get['#']! }), peer);
    }
  }

  async #heard(peer: ScriptedPeer): Promise<RawMessage[]> {
    const news = await peer.heard();
    this.#listen(news, peer);
    return news;
  }

  #listen(news: readonly RawMessage[], peer: ScriptedPeer): void {
    for (const [sequence, id] of operationsIn(news)) {
      expect(this.sent.get(sequence) ?? id, 'one operation for one place').to.equal(id);
      this.sent.set(sequence, id);
    }
    expect(peer.isClosed).to.equal(false);
  }
}

describe('AuthorPublisher', function () {
  this.timeout(30_000);
  const open = useSigningApps();

  it('stores what it says, its operation and that it is not sent in one commit, before anybody is told', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    const { graph } = await open({ kept: storage, peers: [new ScriptedPeer()] });
    const before = storage.commits.length;
    await graph.get('a').put({ x: 1 });
    expect(storage.commits).to.have.lengthOf(before + 1);
    const kinds = storage.commits.at(-1)!.map(([key]) => key.slice(0, 2));
    expect(kinds.toSorted()).to.deep.equal(['g/', 'h/', 'o/', 'u/']);
  });

  it('says nothing and keeps nothing when the commit fails, and uses the place for what comes next', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    const { graph, author } = await open({ kept: storage });
    storage.fails = (operation) => operation === 'commit';
    const error: unknown = await graph
      .get('a')
      .put({ x: 1 })
      .catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORAGE_FAILED');
    storage.fails = () => false;
    await graph.get('a').put({ y: 2 });
    expect((await soundLog(author)).said).to.deep.equal([['a.y=2']]);
    expect((await graph.get('a').once()).value).to.deep.equal({ y: 2 });
  });

  it('loses nothing that was told as stored and signs nothing twice for one place, whenever it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(LIFE, { minLength: 1, maxLength: 4 }), async (lives) => {
        const app = new Lives();
        for (const life of lives) await app.live(life);
        const last = await signingApp({ kept: app.memory });
        await last.graph.get('s').put({ last: true });
        const { ids, said } = await soundLog(last.author);
        const all = said.flat();
        expect(all).to.include.members(app.told);
        expect(new Set(all).size).to.equal(all.length);
        for (const [sequence, id] of app.sent) expect(ids[sequence]).to.equal(id);
        const { value } = await last.graph.get('s').once({ timeout: 0 });
        const shown = Object.entries(value as object).map(([key, one]) => `s.${key}=${String(one)}`);
        expect(shown).to.have.members(all);
        await last.graph.close();
      }),
      seeded(40),
    );
  });

  it('makes one log of what several tabs write at once, also when commits fail', async () => {
    const step = fc.record({ tab: fc.integer({ min: 0, max: 2 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const storage = new FaultyStorage(new MemoryStorage());
        await storage.open();
        const owners = new Owners();
        const tabs: SigningApp[] = [];
        for (let tab = 0; tab < 3; tab += 1)
          tabs.push(
            await signingApp({ kept: owners.join(storage), key: 'stored', peers: [new ScriptedPeer()] }),
          );
        const told: string[] = [];
        await Promise.all(
          steps.map(async ({ tab, fails }, at) => {
            if (fails) storage.fails = (operation, call) => operation === 'commit' && call % 5 === at % 5;
            const put = tabs[tab]!.graph.get('s').put({ [`k${at}`]: tab });
            await put.then(
              () => told.push(`s.k${at}=${tab}`),
              () => undefined,
            );
          }),
        );
        storage.fails = () => false;
        expect(new Set(tabs.map(({ author }) => author.id)).size).to.equal(1);
        for (const { author } of tabs) {
          const said = (await soundLog(author)).said.flat();
          expect(said).to.have.members(told);
        }
        for (const { graph } of tabs) await graph.close();
      }),
      seeded(20),
    );
  });

  it('keeps the logs of several authors and topics of one storage apart', async () => {
    const kept = new MemoryStorage();
    for (const [number, network, height] of [
      [1, 'gun', 0],
      [2, 'gun', 0],
      [1, 'other', 0],
      [1, 'gun', 1],
    ] as const) {
      const { graph, author } = await signingApp({ kept, key: keyOf(number), network });
      await graph.get('a').put({ x: 1 });
      expect(await author.height()).to.equal(height);
      await graph.close();
    }
  });
});
