/** Where a log begins and ends in the store, and where its side branch does. */
export interface LogHead {
  /** Sequence number of the first operation that is held. */
  readonly first: number;
  readonly height: number;
  /** Id of the operation at that height, as hex. */
  readonly tip: string;
  /** Bytes of headers and bodies from the first to the last, as they were when they came. */
  readonly bytes: number;
  readonly side: SideHead | undefined;
}

/** Where a side branch begins and ends. */
export interface SideHead {
  readonly from: number;
  readonly height: number;
  /** Id of its last operation, as hex. */
  readonly tip: string;
  /** Bytes of its headers and bodies. */
  readonly bytes: number;
}

/** A head's record. */
export function encodeHead({ first, height, tip, bytes, side }: LogHead): string {
  const canonical = `${first} ${height} ${tip} ${bytes}`;
  return side === undefined
    ? canonical
    : `${canonical} ${side.from} ${side.height} ${side.tip} ${side.bytes}`;
}

/** The head of a record. */
export function decodeHead(record: string): LogHead {
  const [first, height, tip = '', bytes, from, sideHeight, sideTip, sideBytes] = record.split(' ');
  const side =
    from === undefined || sideTip === undefined
      ? undefined
      : { from: Number(from), height: Number(sideHeight), tip: sideTip, bytes: Number(sideBytes) };
  return { first: Number(first), height: Number(height), tip, bytes: Number(bytes), side };
}
