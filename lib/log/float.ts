/** Exponent and fraction of binary16, as IEEE 754 counts them. */
const HALF_FRACTION_BITS = 10;
const HALF_LEAST_EXPONENT = -14;
const HALF_MOST_EXPONENT = 15;
const HALF_BIAS = 15;
const HALF_SIGN = 0x8000;
const HALF_INFINITY = 0x7c00;
const HALF_NAN = 0x7e00;

/** The bits of a number in binary16 when that holds it exactly, else undefined; every NaN has one form. */
export function halfBits(value: number): number | undefined {
  if (Number.isNaN(value)) return HALF_NAN;
  const sign = value < 0 || Object.is(value, -0) ? HALF_SIGN : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  if (size === Infinity) return sign | HALF_INFINITY;
  const exponent = Math.max(Math.floor(Math.log2(size)), HALF_LEAST_EXPONENT);
  if (exponent > HALF_MOST_EXPONENT) return undefined;
  const units = size * 2 ** (HALF_FRACTION_BITS - exponent);
  if (!Number.isInteger(units)) return undefined;
  const isSubnormal = units < 2 ** HALF_FRACTION_BITS;
  // Adding carries a fraction that fills up into the exponent, where it belongs.
  const base = isSubnormal ? 0 : (exponent + HALF_BIAS - 1) << HALF_FRACTION_BITS;
  const bits = base + units;
  return bits < HALF_INFINITY ? sign | bits : undefined;
}

/** The number of binary16 bits. */
export function halfValue(bits: number): number {
  const sign = (bits & HALF_SIGN) === 0 ? 1 : -1;
  const exponent = (bits >> HALF_FRACTION_BITS) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  const units = exponent === 0 ? fraction : fraction + 2 ** HALF_FRACTION_BITS;
  return sign * units * 2 ** (Math.max(exponent, 1) - HALF_BIAS - HALF_FRACTION_BITS);
}

/** True when binary32 holds a number exactly. */
export function fitsSingle(value: number): boolean {
  return Object.is(Math.fround(value), value);
}

/** The float in 2, 4 or 8 bytes from a place on. */
export function floatAt(bytes: Uint8Array, at: number, size: number): number {
  if (size === 2) return halfValue(halfBitsAt(bytes, at));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return size === 4 ? view.getFloat32(at) : view.getFloat64(at);
}

/** True when no shorter form holds that float exactly; of all NaNs one is the shortest. */
export function isShortest(bytes: Uint8Array, at: number, size: number): boolean {
  const value = floatAt(bytes, at, size);
  const half = halfBits(value);
  if (half !== undefined) return size === 2 && halfBitsAt(bytes, at) === half;
  return size === (fitsSingle(value) ? 4 : 8);
}

function halfBitsAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
