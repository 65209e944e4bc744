/** How hard the specs of this folder try: a little in each run, all of it with TORTURE=full. */

/** True when everything is wanted, whatever time it takes. */
export const isFull: boolean = process.env['TORTURE'] === 'full';

/** A number for each run, and the one that is wanted in full. */
export function scaled(each: number, full: number): number {
  return isFull ? full : each;
}

/** Prints what was measured below the title of a spec, with TORTURE=full. */
export function tellFigure(text: string): void {
  if (isFull) console.log(`      ${text}`);
}
