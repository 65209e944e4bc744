/** Signed values taken apart and put together again, for specs that forge them. */
import type { FieldWrite } from '../../lib/graph/write.ts';

/** Order of the group of signatures. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

type Envelope = Record<':' | '~' | '+' | '*', unknown>;

/** A write with another text. */
export function withText(write: FieldWrite, text: string): FieldWrite {
  return { ...write, json: JSON.stringify(text) };
}

/** The text of a write's value. */
export function textOf(write: FieldWrite): string {
  return JSON.parse(write.json) as string;
}

/** The fields of a signed value. */
export function envelopeOf(write: FieldWrite): Envelope {
  return JSON.parse(textOf(write)) as Envelope;
}

/** A write some of whose fields are changed. */
export function withFields(write: FieldWrite, change: Record<string, unknown>): FieldWrite {
  return withText(write, JSON.stringify({ ...envelopeOf(write), ...change }));
}

/** The same signature with n - s in the place of s. */
export function otherHalf(signature: string): string {
  const bytes = Buffer.from(signature, 'base64');
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const hex = bytes.subarray(0, 32).toString('hex') + s.toString(16).padStart(64, '0');
  return Buffer.from(hex, 'hex').toString('base64');
}
