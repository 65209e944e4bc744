import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { Entry } from '../../../lib/graph/write.ts';
import { resolve, resolveDue } from '../../../lib/ham/resolve.ts';
import { parsePut } from '../../../lib/wire/parse-put.ts';
import { aState, aValue, seeded } from '../../support/arbitraries.ts';
import { loadVectors, vectorValue } from '../../support/vectors.ts';

interface Row {
  readonly n: number;
  readonly group: string;
  readonly machine: number;
  readonly incoming_state: unknown;
  readonly current_state: unknown;
  readonly incoming_value: unknown;
  readonly current_value: unknown;
  readonly outcome: 'accept' | 'keep' | 'defer';
}

const { cases } = loadVectors<{ cases: Row[] }>('gun/ham.json');

/** Groups where Gun compares by coercion; here such states end at the door (D6). */
const REFUSED = /^state (?:of wrong type|undefined)/;
const NEVER_STORED = /^current state not a number/;
/** A value without a state is no property here. */
const STATELESS = 'current value without state';

function entryOf(state: unknown, value: unknown): Entry {
  return { state: Number(state), json: JSON.stringify(value) };
}

function putOf(state: unknown, value: unknown): unknown {
  return JSON.parse(JSON.stringify({ n: { _: { '#': 'n', '>': { k: state } }, k: value } }));
}

function stateFault(state: unknown, value: unknown): string {
  const parsed = parsePut(putOf(state, value), DEFAULT_LIMITS);
  return parsed.ok ? 'taken' : parsed.reason;
}

function storedOf(row: Row): Entry | undefined {
  const state = vectorValue(row.current_state);
  if (state === undefined || row.group === STATELESS) return undefined;
  return entryOf(state, vectorValue(row.current_value));
}

describe('ham resolve', () => {
  it('decides every recorded case as Gun does, and refuses at the door what Gun decides by coercion', () => {
    const counts = { decided: 0, refused: 0, neverStored: 0 };
    for (const row of cases) {
      const label = `row ${row.n} (${row.group})`;
      const incoming = vectorValue(row.incoming_value);
      if (REFUSED.test(row.group)) {
        const fault = stateFault(vectorValue(row.incoming_state), incoming);
        expect(fault, label).to.equal('put["n"]["_"][">"]["k"]: state must be a finite number');
        counts.refused += 1;
      } else if (NEVER_STORED.test(row.group)) {
        expect(stateFault(row.current_state, row.current_value), label).to.contain('state must be');
        counts.neverStored += 1;
      } else {
        const verdict = resolve(entryOf(row.incoming_state, incoming), storedOf(row), row.machine);
        const outcome = verdict === 'historical' || verdict === 'same' ? 'keep' : verdict;
        expect(outcome, label).to.equal(row.outcome);
        counts.decided += 1;
      }
    }
    expect(counts).to.deep.equal({ decided: 863, refused: 21, neverStored: 3 });
    expect(cases.length).to.equal(887);
  });

  it('takes whatever is not in the future when nothing is stored', () => {
    for (const state of [-5, 0, 1e-9, 99.5, 100]) {
      expect(resolve({ state, json: 'null' }, undefined, 100), String(state)).to.equal('accept');
    }
    expect(resolve({ state: 100.001, json: 'null' }, undefined, 100)).to.equal('defer');
  });

  it('defers before it compares, however old the stored state', () => {
    const stored = { state: 300, json: '1' };
    expect(resolve({ state: 200, json: '1' }, stored, 100)).to.equal('defer');
    expect(resolve({ state: 200, json: '1' }, stored, 200)).to.equal('historical');
  });

  it('keeps the larger JSON text when states tie', () => {
    const order = ['"a"', '"b"', '-1', '10', '9', 'false', 'null', 'true', '{"#":"a"}'];
    for (const [index, json] of order.entries()) {
      for (const [other, stored] of order.entries()) {
        const verdict = resolve({ state: 1, json }, { state: 1, json: stored }, 1);
        const expected = index === other ? 'same' : index > other ? 'accept' : 'historical';
        expect(verdict, `${json} against ${stored}`).to.equal(expected);
      }
    }
  });

  it('compares texts by UTF-16 units', () => {
    const astral = { state: 1, json: '"😀"' };
    const last = { state: 1, json: '"\ue000"' };
    expect(resolve(last, astral, 1)).to.equal('accept');
    expect(resolve(astral, last, 1)).to.equal('historical');
  });

  it('never takes both of two writes over each other', () => {
    const entry = fc.record({ state: aState(), json: aValue().map((value) => JSON.stringify(value)) });
    fc.assert(
      fc.property(entry, entry, (a, b) => {
        const verdicts = [resolveDue(a, b), resolveDue(b, a)].toSorted();
        const same = a.state === b.state && a.json === b.json;
        expect(verdicts).to.deep.equal(same ? ['same', 'same'] : ['accept', 'historical']);
      }),
      seeded(300),
    );
  });
});
