import { expect } from 'chai';
import { fromHex } from '../../../lib/base/byte-texts.ts';
import { finish, type Steps } from '../../../lib/base/slices.ts';
import type { Header } from '../../../lib/log/codec.ts';
import type { LogState } from '../../../lib/log/placement.ts';
import type { LogStore } from '../../../lib/store/log-store.ts';
import { OpenLog } from '../../../lib/store/open-log.ts';

const [ONE, OTHER] = ['ab'.repeat(32), 'cd'.repeat(32)] as const;
const AUTHOR = new Uint8Array(32);
const headOf = (
  tip: string,
): { first: number; height: number; tip: string; bytes: number; side: undefined } => ({
  first: 2,
  height: 7,
  tip,
  bytes: 1,
  side: undefined,
});

/** A store that holds these records, by branch and sequence number. */
function holding(records: Record<string, string>): Pick<LogStore, 'placeSteps'> {
  return {
    *placeSteps(branch, _name, sequence) {
      yield;
      return records[`${branch} ${sequence}`];
    },
  };
}

const NOTHING = holding({});

/** A header of which nothing counts but its place. */
function headerAt(sequence: number): Header {
  return { author: AUTHOR, sequence } as Header;
}

describe('store.open-log', () => {
  it('gives what an operation is compared with, with the bytes of the tip that the head has', () => {
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE), NOTHING);
    const held = { author: AUTHOR, first: 2, height: 7, tip: fromHex(ONE) };
    expect(log.heldOf(AUTHOR, log.head!)).to.deep.equal(held);
    expect(log.heldOf(AUTHOR, log.head!).tip).to.equal(log.heldOf(AUTHOR, log.head!).tip);
    expect(log.heldOf(AUTHOR, headOf(OTHER)).tip).to.deep.equal(fromHex(OTHER));
  });

  it('takes bytes that are known of its tip, and of nothing else', () => {
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE), NOTHING);
    const bytes = fromHex(OTHER)!;
    log.noteTip(OTHER, bytes);
    expect(log.heldOf(AUTHOR, log.head!).tip).to.deep.equal(fromHex(ONE));
    log.head = headOf(OTHER);
    log.noteTip(OTHER, bytes);
    expect(log.heldOf(AUTHOR, log.head).tip).to.equal(bytes);
  });

  it('knows a header that comes next by its place and its backlink, unless there is a side branch', () => {
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE), NOTHING);
    const isNext = (sequence: number, backlink: string | undefined): boolean =>
      log.isNext({ sequence, backlink: backlink === undefined ? undefined : fromHex(backlink) } as Header);
    expect([isNext(8, ONE), isNext(8, OTHER), isNext(7, ONE), isNext(9, ONE)]).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
    log.head = { ...headOf(ONE), side: { from: 5, height: 5, tip: OTHER, bytes: 1 } };
    expect(isNext(8, ONE)).to.equal(false);
    log.head = undefined;
    expect(isNext(0, undefined)).to.equal(false);
  });

  it('knows at once what the next operation is compared with, and that of an unforked log alone', () => {
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE), NOTHING);
    const held = log.heldOf(AUTHOR, log.head!);
    const alone = { heldId: undefined, beforeId: undefined, side: undefined };
    expect(log.knownState(headerAt(8), true)).to.deep.equal({ ...alone, held, isForked: true });
    expect(log.knownState(headerAt(7), false)).to.equal(undefined);
    log.head = { ...headOf(ONE), side: { from: 6, height: 7, tip: OTHER, bytes: 1 } };
    expect(log.knownState(headerAt(8), false)).to.equal(undefined);
    log.head = undefined;
    expect(log.knownState(headerAt(0), false)).to.deep.equal({ ...alone, held: undefined, isForked: false });
  });

  it('reads what any other operation is compared with, of both branches', () => {
    const store = holding({
      'canonical 5': `${ONE} 1 `,
      'canonical 6': `${OTHER} 2 `,
      'side 6': `${ONE} 1 `,
    });
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE), store);
    log.head = { ...headOf(ONE), side: { from: 6, height: 7, tip: OTHER, bytes: 1 } };
    const state = finish(log.stateFor(headerAt(6), true) as Steps<LogState>);
    expect([state.heldId, state.beforeId]).to.deep.equal([fromHex(OTHER), fromHex(ONE)]);
    expect([state.side?.from, state.side?.ids[0], state.side?.ids[1]]).to.deep.equal([
      6,
      fromHex(ONE),
      undefined,
    ]);
    const last = finish(log.stateFor(headerAt(7), true) as Steps<LogState>);
    expect([last.heldId, last.side?.ids[1]]).to.deep.equal([fromHex(ONE), fromHex(OTHER)]);
  });

  it('finds operations where the group put them, and nothing where it emptied a place', () => {
    const store = holding({
      'canonical 3': `${ONE} 1 `,
      'canonical 4': `${OTHER} 2 `,
      'canonical 9': `${ONE} 1 `,
    });
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE), store);
    const find = (id: string, sequence: number): unknown => finish(log.find(id, sequence) as Steps<unknown>);
    expect(find(ONE, 3)).to.deep.equal({ branch: 'canonical', record: `${ONE} 1 ` });
    expect([find(OTHER, 3), find(ONE, 9), find(ONE, 1)]).to.deep.equal([undefined, undefined, undefined]);
    log.canonical.set(3, undefined).set(4, `${ONE} 3 `);
    log.side.set(4, `${OTHER} 2 `);
    expect([find(ONE, 3), find(ONE, 4), find(OTHER, 4)]).to.deep.equal([
      undefined,
      { branch: 'canonical', record: `${ONE} 3 ` },
      { branch: 'side', record: `${OTHER} 2 ` },
    ]);
  });
});
