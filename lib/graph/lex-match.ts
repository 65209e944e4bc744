/** The operators of a LEX that say which texts it means; an empty text is not the same as none. */
interface LexOperators {
  readonly exact: string | undefined;
  readonly prefix: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/**
 * True when a text matches a LEX as Gun's clients filter and as certificate policies are meant (gun-wire
 * sections 10 and 12.7): a text stands for itself, `=` is exact, `*` a prefix, `>` and `<` are inclusive.
 *
 * Its corners are kept, because both sides of a certificate must agree: `*` makes the range unseen, an empty
 * `=` or `*` matches nothing, and a text that begins with the `>` bound matches whatever `<` says. Operators
 * that are no texts match nothing. Reads of the store follow `selector.ts` instead (D20).
 */
export function matchesLex(text: unknown, lex: unknown): boolean {
  if (typeof text !== 'string') return false;
  const operators = operatorsOf(lex);
  return operators !== undefined && matches(text, operators);
}

function matches(text: string, { exact, prefix, from, to }: LexOperators): boolean {
  // Empty operators are passed over here and in `beginning`, but still forbid what comes after them.
  if (text === (exact || prefix || from || to)) return true;
  if (exact !== undefined) return false;
  const beginning = prefix || from;
  if (beginning !== undefined && text.startsWith(beginning)) return true;
  return prefix === undefined && isBetween(text, from, to);
}

function isBetween(text: string, from: string | undefined, to: string | undefined): boolean {
  if (from === undefined && to === undefined) return false;
  return (from === undefined || text >= from) && (to === undefined || text <= to);
}

/** The operators, undefined when there can be no match. */
function operatorsOf(lex: unknown): LexOperators | undefined {
  if (typeof lex === 'string') return { exact: lex, prefix: undefined, from: undefined, to: undefined };
  if (typeof lex !== 'object' || lex === null) return undefined;
  const { '=': exact, '*': prefix, '>': from, '<': to } = lex as Record<string, unknown>;
  return isText(exact) && isText(prefix) && isText(from) && isText(to)
    ? { exact, prefix, from, to }
    : undefined;
}

function isText(operator: unknown): operator is string | undefined {
  return operator === undefined || typeof operator === 'string';
}
