/**
 * The data of the bench: records whose soul and values follow from their number, so that any reply can be checked.
 */
import type { Order } from './operations.ts';

const DIGITS = 9;
const NUMBERS = 10 ** DIGITS;
/** Has no divisor in common with {@link NUMBERS}: multiplying by it visits every number below once. */
const SCATTER = 618_033_989;

/** The soul of the node with very many properties. */
export const WIDE_SOUL = 'bench/wide';

/** Another number below 10^9 for each number below 10^7. */
function scattered(number: number): number {
  return (number * SCATTER) % NUMBERS;
}

function digits(number: number): string {
  return String(number).padStart(DIGITS, '0');
}

/** The soul of a record. */
export function soulOf(number: number, order: Order): string {
  return `bench/${digits(order === 'rising' ? number : scattered(number))}`;
}

/** The name of a record. */
export function nameOf(number: number): string {
  return `record number ${digits(number)}`;
}

/** The name of a property of the wide node. */
export function widePropertyOf(number: number): string {
  return `property${digits(number)}`;
}

/**
 * JSON of a put of one record with three properties.
 *
 * @param number decides the values
 * @param soul that of a new record, or of a stored one that takes on the values of another number
 */
export function putRecord(
  id: string,
  number: number,
  order: Order,
  state: number,
  soul: string = soulOf(number, order),
): string {
  return (
    `{"#":"${id}","put":{"${soul}":{"_":{"#":"${soul}",">":{"even":${state},"name":${state},"rank":${state}}},` +
    `"even":${number % 2 === 0},"name":"${nameOf(number)}","rank":${number}}}}`
  );
}

/** Whether a node from a reply holds exactly the values of a record. */
export function isRecord(node: Readonly<Record<string, unknown>>, number: number): boolean {
  return (
    node['name'] === nameOf(number) &&
    node['rank'] === number &&
    node['even'] === (number % 2 === 0) &&
    Object.keys(node).length === 4
  );
}

/** JSON of a put of some properties of the wide node. */
export function putWideProperties(id: string, from: number, to: number, state: number): string {
  const node: Record<string, unknown> = {};
  const states: Record<string, number> = {};
  for (let number = from; number < to; number += 1) {
    node[widePropertyOf(number)] = number;
    states[widePropertyOf(number)] = state;
  }
  return JSON.stringify({ '#': id, put: { [WIDE_SOUL]: { _: { '#': WIDE_SOUL, '>': states }, ...node } } });
}
