import { expect } from 'chai';
import {
  codeOfFault,
  codeOfOutcome,
  MeshCounters,
  NO_WRITES,
  REFUSAL_CODES,
} from '../../../lib/mesh/counters.ts';
import { blockedRefusal, nameRefusal, REFUSAL } from '../../../lib/sea/refusals.ts';
import type { PutOutcome } from '../../../lib/store/put-request.ts';
import { meshWorlds, put } from '../../support/mesh-world.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';

describe('mesh/counters', () => {
  const newWorld = meshWorlds();

  it('has a number for every code, and counts what is refused by kind and code', () => {
    const counters = new MeshCounters();
    expect(Object.keys(counters.refusals)).to.deep.equal([...REFUSAL_CODES]);
    counters.refuse('put', 'busy');
    counters.refuse('put', 'form');
    counters.refuse('frame', 'json');
    expect(counters.put).to.deep.equal({ accepted: 0, duplicate: 0, refused: 2 });
    expect(counters.frame.refused).to.equal(1);
    expect(counters.refusals).to.include({ busy: 1, form: 1, json: 1, future: 0 });
  });

  it('knows every reason that the writer gives', async () => {
    const world = await newWorld({ limits: { waitingPuts: 1, futureWrites: 1 } });
    const submit = (state: number): Promise<PutOutcome> =>
      new Promise((settle) => {
        const writes: FieldWrite[] = [writeOf('s', 'k', state, 'v')];
        world.writer.submit({ writes, owner: undefined, settle });
      });
    const codes = async (outcomes: readonly Promise<PutOutcome>[]): Promise<string[]> => {
      await world.settle();
      const all = await Promise.all(outcomes);
      return all.map((outcome) => (outcome.ok ? 'ok' : codeOfOutcome(outcome.reason)));
    };
    const now = world.time.clock();
    expect(await codes([submit(1), submit(2)])).to.deep.equal(['ok', 'busy']);
    expect(await codes([submit(Number.MAX_VALUE)])).to.deep.equal(['future']);
    expect(await codes([submit(now + 10)])).to.deep.equal(['ok']);
    const full = writeOf('t', 'k', now + 20, 'v');
    const refused = new Promise<PutOutcome>((settle) => {
      world.writer.submit({ writes: [full], owner: undefined, settle });
    });
    expect(await codes([refused])).to.deep.equal(['future']);
    world.storage.fails = (operation) => operation === 'commit';
    expect(await codes([submit(3)])).to.deep.equal(['storage']);
    await world.writer.close();
    expect(await codes([submit(4)])).to.deep.equal(['closing']);
    expect(codeOfOutcome(NO_WRITES)).to.equal('access');
    expect(codeOfOutcome('anything else')).to.equal('other');
  });

  it("knows every reason in SEA's words", () => {
    const reasons = [...Object.values(REFUSAL), blockedRefusal('x.y'), nameRefusal('inbox', 'k', 'x.y')];
    const codes = Object.fromEntries(reasons.map((reason) => [reason, codeOfOutcome(reason)]));
    expect(codes).to.deep.equal({
      [REFUSAL.unverified]: 'signature',
      [REFUSAL.account]: 'protected',
      [REFUSAL.alias]: 'protected',
      [REFUSAL.aliasMissing]: 'protected',
      [REFUSAL.dataMissing]: 'protected',
      [REFUSAL.hash]: 'protected',
      [REFUSAL.expired]: 'certificate',
      [REFUSAL.certificate]: 'certificate',
      [blockedRefusal('x.y')]: 'certificate',
      [nameRefusal('inbox', 'k', 'x.y')]: 'certificate',
    });
  });

  it('tells frames that are no JSON from those of the wrong form', async () => {
    const world = await newWorld();
    const ann = await world.client();
    ann.sayText('{"');
    ann.sayText(JSON.stringify(Array.from({ length: 1001 }, () => put('w1', 's', { k: 1 }))));
    await world.settle();
    expect(world.mesh.counters.refusals).to.include({ json: 1, form: 1 });
    expect(codeOfFault('get: nonsense')).to.equal('form');
  });
});
