import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { CommitGroup } from '../../../lib/store/commit-group.ts';
import { HistoryNotes } from '../../../lib/store/history-notes.ts';
import { noteOf } from '../../../lib/store/history-record.ts';
import { idOfSource } from '../../../lib/store/node-source.ts';
import type { Change } from '../../../lib/store/storage.ts';
import type { WrittenNode } from '../../../lib/store/written-nodes.ts';

const [ONE, OTHER] = ['ab'.repeat(32), 'cd'.repeat(32)] as const;

/** A group whose nodes have what a list of writes says, and note their sources. */
class OneSaid {
  readonly sources = new Map<string, string>();
  readonly #all: readonly FieldWrite[];

  constructor(all: readonly FieldWrite[]) {
    this.#all = all;
  }

  takeSource({ soul, writes, from, to }: WrittenNode, source: string): boolean {
    if (!writes.slice(from, to).every((write) => this.#all.includes(write))) return false;
    this.sources.set(soul, source);
    return true;
  }
}

function notedBy(notes: HistoryNotes): string[] {
  const changes: Change[] = [];
  for (const _ of notes.appendChanges(changes));
  return changes.map(([key, record]) => {
    const { shortId, states } = noteOf(key, record as string);
    return `${shortId.slice(0, 2)} ${states.map(([name, , wasHere]) => name + (wasHere ?? '')).join()}`;
  });
}

function settle(notes: HistoryNotes, group: OneSaid): void {
  for (const _ of notes.settle(group as unknown as CommitGroup));
}

function add(
  notes: HistoryNotes,
  id: string,
  writes: readonly FieldWrite[],
  wasHere: Parameters<HistoryNotes['add']>[2] = () => false,
): void {
  for (const _ of notes.add(id, writes, wasHere));
}

describe('store.history-notes', () => {
  const [a, b, c] = [writeOf('s', 'a', 1, 1), writeOf('s', 'b', 1, 1), writeOf('t', 'c', 1, 1)];

  it('go to the records of nodes where these take them, and to the histories of all others', () => {
    const notes = new HistoryNotes();
    add(notes, ONE, [a, b, c]);
    add(notes, OTHER, [a], true);
    const group = new OneSaid([a, c]);
    settle(notes, group);
    expect([...group.sources].map(([soul, source]) => [soul, idOfSource(source).slice(0, 2)])).to.deep.equal([
      ['t', 'ab'],
      ['s', 'cd'],
    ]);
    expect(notedBy(notes)).to.deep.equal(['ab a,b']);
  });

  it('of what was there in part always go to the history', () => {
    const notes = new HistoryNotes();
    add(notes, ONE, [a, b], (write) => write === a);
    const group = new OneSaid([a, b]);
    settle(notes, group);
    expect([group.sources.size, notedBy(notes)]).to.deep.equal([0, ['ab a1,b']]);
  });

  it('name by a shorter text what this node signs, in records of nodes alone', () => {
    const notes = new HistoryNotes();
    add(notes, ONE, [a, b, c], true);
    notes.nameOwn(ONE, 'm1');
    const group = new OneSaid([c]);
    settle(notes, group);
    expect([...group.sources]).to.deep.equal([['t', 'm1']]);
    expect(notedBy(notes)).to.deep.equal(['ab a1,b1']);
  });

  it('are taken back with their operation', () => {
    const notes = new HistoryNotes();
    add(notes, ONE, [a, b], (write) => write === a);
    add(notes, ONE, [c]);
    add(notes, ONE, [a, b], true);
    add(notes, OTHER, [c], true);
    notes.forget(ONE);
    settle(notes, new OneSaid([]));
    expect(notedBy(notes)).to.deep.equal(['cd c1']);
  });

  it('pause on their way through many', () => {
    const notes = new HistoryNotes();
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(`s${at}`, 'k', 1, 1));
    const pauses = [0, 0, 0];
    for (const _ of notes.add(ONE, many, () => false)) pauses[0]! += 1;
    for (const _ of notes.settle(new OneSaid([]) as unknown as CommitGroup)) pauses[1]! += 1;
    for (const _ of notes.appendChanges([])) pauses[2]! += 1;
    for (const count of pauses) expect(count).to.be.greaterThan(5);
  });

  it('pause on their way through many of one node, and are ready when they are written', () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf('s', `k${at}`, 1, 1));
    for (const wasHere of [() => false, (write: FieldWrite) => write === many.at(-1)]) {
      const notes = new HistoryNotes();
      const pauses = [0, 0];
      for (const _ of notes.add(ONE, many, wasHere)) pauses[0]! += 1;
      for (const _ of notes.settle(new OneSaid([]) as unknown as CommitGroup)) pauses[1]! += 1;
      expect(pauses[0]! + pauses[1]!).to.be.greaterThan(16);
      expect(notedBy(notes)).to.deep.equal([
        `ab ${many.map((write) => write.key + (wasHere(write) ? '1' : '')).join()}`,
      ]);
    }
  });
});
