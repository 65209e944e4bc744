import { expect } from 'chai';
import * as fc from 'fast-check';
import { frameToJson, MOST_FRAME_BYTES } from '../../lib/sync/log-frames.ts';
import { aFrame } from '../support/frame-arbitraries.ts';
import { codeOf, readmeTable, readmeText } from './readme.ts';

const HEADING = 'Frames of `/log`';

/** The items of an array as text. */
function itemsOf(array: string): string[] {
  const items: string[] = [];
  let depth = 0;
  for (const part of array.slice(1, -1).split(/(?=[[\]{}])|, /)) {
    const isInner = depth > 0;
    if (/^[[{]/.test(part)) depth += 1;
    if (/^[\]}]/.test(part)) depth -= 1;
    if (isInner) items.push(`${items.pop()}${part}`);
    else items.push(part);
  }
  return items;
}

describe('frames of /log', () => {
  const rows = readmeTable(HEADING).map(([frame]) => itemsOf(codeOf(frame!)));

  it('stand in the README, each with its type and its fields', () => {
    const lengths = new Map<unknown, Set<number>>();
    for (const frame of fc.sample(aFrame(), { numRuns: 2000, seed: 1 })) {
      const json = frameToJson(frame);
      lengths.set(json[0], (lengths.get(json[0]) ?? new Set()).add(json.length));
    }
    const found = [...lengths].toSorted(([a], [b]) => Number(a) - Number(b));
    const written = rows.map((items): [number, number[]] => {
      const optional = items.filter((item) => /^[^[{]*\?$/.test(item)).length;
      return [Number(items[0]), optional === 0 ? [items.length] : [items.length - optional, items.length]];
    });
    expect(written).to.deep.equal(
      found.map(([type, counts]) => [type, [...counts].toSorted((a, b) => a - b)]),
    );
  });

  it('have the size that it says', () => {
    expect(readmeText()).to.include(`more than ${MOST_FRAME_BYTES.toLocaleString('en')} bytes`);
  });
});
