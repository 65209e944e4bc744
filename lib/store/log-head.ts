/** Where a log begins and ends in the store, and where its side branch does. */
export interface LogHead {
  /** Sequence number of the first operation that is held. */
  readonly first: number;
  readonly height: number;
  /** Id of the operation at that height, as hex. */
  readonly tip: string;
  readonly side: SideHead | undefined;
}

/** Where a side branch begins and ends. */
export interface SideHead {
  readonly from: number;
  /** Id of its last operation, as hex. */
  readonly tip: string;
}

/** A head's record. */
export function encodeHead({ first, height, tip, side }: LogHead): string {
  const canonical = `${first} ${height} ${tip}`;
  return side === undefined ? canonical : `${canonical} ${side.from} ${side.tip}`;
}

/** The head of a record. */
export function decodeHead(record: string): LogHead {
  const [first, height, tip = '', from, sideTip] = record.split(' ');
  const side = from === undefined || sideTip === undefined ? undefined : { from: Number(from), tip: sideTip };
  return { first: Number(first), height: Number(height), tip, side };
}
