/** How one commit takes what forked logs say out of the graph, where these lose against everything. */
import { grouped } from '../base/grouped.ts';
import { chosenInSteps, Pace } from '../base/pace.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { MOST_CHARACTERS } from './commit-size.ts';
import type { CountingEntries } from './counting-entries.ts';
import type { MergeTarget } from './writer-logs.ts';

const NONE: ReadonlyMap<FieldWrite, FieldWrite | undefined> = new Map();

/**
 * Puts in the place of hidden entries what counts besides, until that is enough for one commit.
 *
 * @param leave told of those that are left to another one
 */
export function* hideWrites(
  writes: readonly FieldWrite[],
  target: MergeTarget,
  entries: CountingEntries,
  leave: (write: FieldWrite) => void,
): WaitingSteps<void> {
  const showing = yield* chosenInSteps(writes, (write) => isThere(write, target));
  const pace = new Pace();
  let room = MOST_CHARACTERS;
  for (const [soul, shown] of grouped(showing, (write) => write.soul)) {
    const places = new Map(shown.map((write) => [`${write.state} ${write.key}`, write]));
    const successors =
      room > 0 ? yield* entries.successors(soul, [...places.values()], target.now, room) : NONE;
    for (const write of places.values()) {
      if (successors.has(write)) {
        const next = successors.get(write);
        replace(write, next, target);
        room -= next?.json.length ?? 0;
      } else leave(write);
      if (pace.after(0)) yield;
    }
  }
}

/** Puts others in the place of entries, where the graph has these. */
export function* replaceWrites(
  instead: ReadonlyMap<FieldWrite, FieldWrite | undefined>,
  target: MergeTarget,
): Generator<void, void> {
  const pace = new Pace();
  for (const [write, next] of instead) {
    if (isThere(write, target)) replace(write, next, target);
    if (pace.after(0)) yield;
  }
}

/** True for a write that the graph has, or is to have when its time comes. */
export function isThere(write: FieldWrite, { group, deferred, now }: MergeTarget): boolean {
  if (write.state > now) return deferred.waits(write);
  const current = group.current(write.soul, write.key);
  return current?.state === write.state && current.json === write.json;
}

function replace(
  write: FieldWrite,
  next: FieldWrite | undefined,
  { group, deferred, now }: MergeTarget,
): void {
  if (next?.state === write.state && next.json === write.json) return;
  if (write.state > now) {
    deferred.drop(write);
    if (next !== undefined) deferred.add(next, undefined, deferred.isFar([next], now));
  } else if (next === undefined) group.remove(write.soul, write.key);
  else group.accept(next);
}

/** Unsigned writes without those that only repeat what a hidden log says. */
export function* withoutEchoes(
  writes: readonly FieldWrite[],
  { group, now }: MergeTarget,
  entries: CountingEntries,
): WaitingSteps<readonly FieldWrite[]> {
  // What is older than what the graph has loses anyway.
  const wins = yield* chosenInSteps(writes, ({ soul, key, state }) => {
    const current = group.current(soul, key);
    return state > now || current === undefined || state >= current.state;
  });
  const echoes = new Set<FieldWrite>();
  for (const [soul, some] of grouped(wins, (write) => write.soul)) {
    for (const echo of yield* entries.echoes(soul, some)) echoes.add(echo);
  }
  return echoes.size === 0 ? writes : yield* chosenInSteps(writes, (write) => !echoes.has(write));
}
