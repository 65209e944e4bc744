import type { GraphLimits } from '../base/graph-limits.ts';
import { batchShape, messageShape, type LargeMessage } from './frame-shapes.ts';
import { JsonReader, type ReadSizes } from './json-reader.ts';
import { longestText } from './parse-message.ts';

const OPEN_OBJECT = 0x7b;

/** Characters that are handled at once. */
export interface FrameSizes extends ReadSizes {
  /** Of a frame that is not read in steps. */
  readonly frame: number;
}

/** Sizes of which each takes well below a millisecond. */
export const FRAME_SIZES: FrameSizes = {
  frame: 32_768,
  chunk: 8192,
  piece: 65_536,
  number: 65_536,
  depth: 64,
  deep: 262_144,
};

/** A frame that was read in steps: large messages as such, all else as JSON.parse gives it. */
export type FrameContent = LargeMessage | readonly unknown[];

/**
 * Reads a frame in steps, to its end before anything of it is given out.
 *
 * @param text begins with a bracket
 * @param room members that an array may have; of more than these one is given
 * @param isOuter true when texts in an array are frames themselves
 * @returns undefined when it is no JSON
 */
export function* readLargeFrame(
  text: string,
  limits: GraphLimits,
  room: number,
  isOuter: boolean,
  sizes: ReadSizes,
): Generator<undefined, FrameContent | undefined> {
  const isMessage = text.charCodeAt(0) === OPEN_OBJECT;
  const shape = isMessage ? messageShape(limits) : batchShape(limits, room, isOuter ? 'whole' : 'cut');
  try {
    const reader = new JsonReader(text, sizes, longestText(limits) + 1);
    return (yield* reader.read(shape)) as FrameContent;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
