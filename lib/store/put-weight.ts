import type { Limits } from '../base/limits.ts';
import { lengthOfWrites, type FieldWrite } from '../graph/write.ts';

/** How many of the places for waiting puts a put takes. */
export type WeighPut = (writes: readonly FieldWrite[]) => number;

/**
 * Weighs puts of strangers, who fill memory by length as well as by number: each place has an equal part of all
 * characters that may wait; a put takes as many as it needs, one at least, and all of them at most.
 */
export function weighPuts({
  waitingPuts,
  waitingLength,
}: Pick<Limits, 'waitingPuts' | 'waitingLength'>): WeighPut {
  const placesPerCharacter = waitingPuts / waitingLength;
  return (writes) =>
    Math.max(1, Math.min(waitingPuts, Math.ceil(lengthOfWrites(writes) * placesPerCharacter)));
}
