import { fromBase64Url } from '../base/byte-texts.ts';
import { decodeHeader, type Header } from '../log/codec.ts';
import type { Operation } from '../log/operation.ts';
import { signedPutField } from '../store/signed-put.ts';

/** Where the operation begins in the text of a write; nothing behind it has quotes but its own two members. */
const OPERATION = ',"op":{"h":"';

/** The text of a write that an operation says: JSON of its `put`, and the field `op` (log-mapping section 2). */
export function signedText(putJson: string, operation: Operation): string {
  return putJson + (signedPutField(operation) ?? '');
}

/** The header in the text of a write, undefined for one that is not signed. */
export function headerIn(text: string): Header | undefined {
  const at = text.lastIndexOf(OPERATION);
  if (at === -1) return undefined;
  const start = at + OPERATION.length;
  const bytes = fromBase64Url(text.slice(start, text.indexOf('"', start)));
  const header = bytes === undefined ? undefined : decodeHeader(bytes);
  return header?.ok === true ? header.value : undefined;
}

/** The text of the same write said by another operation. */
export function withOperation(text: string, operation: Operation): string {
  return signedText(text.slice(0, text.lastIndexOf(OPERATION)), operation);
}
