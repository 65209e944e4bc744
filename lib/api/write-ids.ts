import type { Clock } from '../base/clock.ts';
import { randomText } from '../base/random.ts';

/** Letters that keep writes of one millisecond apart, and in order. */
const TIME_LETTERS = 9;
const COUNT_LETTERS = 6;

/** Makes ids of writes: texts that are in the order in which they were made, and other ones than any graph else makes. */
export function writeIds(clock: Clock): () => string {
  let written = 0;
  return () => {
    written += 1;
    const time = Math.max(0, Math.floor(clock())).toString(36).padStart(TIME_LETTERS, '0');
    return `${time}${written.toString(36).padStart(COUNT_LETTERS, '0')}${randomText(4)}`;
  };
}
