/**
 * Gun's hash of a text: int32, 31 times the hash so far plus each UTF-16 unit (gun-wire section 8.4).
 *
 * The `##` of a reply is this hash over the JSON of its `put` with keys sorted.
 *
 * @param start hash of the text that came before, to hash in pieces
 */
export function contentHash(text: string, start = 0): number {
  let hash = start;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
