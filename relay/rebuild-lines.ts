/** What a rebuild of a graph found, in words: the lines of `thicket log rebuild`, and the JSON that programs read. */
import type { RebuildReport } from '../lib/store/rebuild.ts';
import type { PropertyDifference } from '../lib/store/graph-differences.ts';
import { dateText } from './log-lines.ts';

/** What a property has. */
export interface EntryReport {
  /** A link as `{"#": soul}`. */
  readonly value: unknown;
  readonly state: number;
}

/** Something that a rebuild changes. */
export type DifferenceReport =
  | {
      /** `lost`: the graph has nothing; `older`: what loses against what logs say; `unsigned`: what is in no log. */
      readonly kind: PropertyDifference['kind'];
      readonly soul: string;
      readonly key: string;
      readonly graph?: EntryReport;
      /** What logs say, and the operation that does, if that is among the latest thousand of its node. */
      readonly logs?: EntryReport & { readonly id: string | undefined };
    }
  /** An operation, named by the first half of its id, that the history of a node does not tell of. */
  | { readonly kind: 'history'; readonly soul: string; readonly operation: string }
  /** A write of the future that does not wait for its time. */
  | { readonly kind: 'waiting'; readonly soul: string; readonly key: string; readonly logs: EntryReport };

/** What a rebuild came to. */
export interface GraphReport extends RebuildReport {
  /** Operations that were read. */
  readonly operations: number;
  /** Entries of these that may not be in the graph. */
  readonly refused: number;
}

/** How much of what was found is changed. */
export function changesOf(
  { lost, older, unsigned, histories, waiting }: GraphReport,
  purges: boolean,
): number {
  return lost + older + histories + waiting + (purges ? unsigned : 0);
}

/** A difference as a line. */
export function differenceLine(difference: DifferenceReport): string {
  const soul = JSON.stringify(difference.soul);
  if (difference.kind === 'history') return `${soul}: its history lacks ${difference.operation}`;
  const place = `${soul} ${JSON.stringify(difference.key)}:`;
  if (difference.kind === 'waiting') return `${place} waits no more for ${entryText(difference.logs)}`;
  const { graph, logs } = difference;
  const id = logs?.id === undefined ? '' : ` (${logs.id})`;
  const said = logs === undefined ? 'no log says anything' : `logs say ${entryText(logs)}${id}`;
  return `${place} ${graph === undefined ? 'missing' : entryText(graph)}; ${said}`;
}

function entryText({ value, state }: EntryReport): string {
  return `${JSON.stringify(value)} of ${dateText(state)}`;
}

/** What a rebuild came to, a line each. */
export function rebuildLines(
  report: GraphReport,
  { isCheck, purges }: { readonly isCheck: boolean; readonly purges: boolean },
): string[] {
  const { operations, refused, lost, older, unsigned, histories, waiting } = report;
  return [
    `operations: ${operations} read${refused === 0 ? '' : `, ${refused} of their entries not allowed`}`,
    `properties: ${lost} missing, ${older} older than in logs, ${unsigned} in no log`,
    `histories: ${histories} operations missing`,
    ...(waiting === 0 ? [] : [`future writes: ${waiting} missing`]),
    endLine(changesOf(report, purges), isCheck) +
      (unsigned > 0 && !purges ? '; what is in no log stays (--purge takes it out)' : ''),
  ];
}

function endLine(changes: number, isCheck: boolean): string {
  if (changes === 0) return 'nothing to do';
  return isCheck ? 'not what its logs say; run it without --check' : 'put right';
}
