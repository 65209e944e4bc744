/** The door `thicket`: the graph model, HAM, SEA, the wire codec, the store and the mesh. */
export { ERROR_CODES } from './base/error-codes.ts';
export { GraphError, type ErrorCode } from './base/errors.ts';
export { StateClock, systemClock, type Clock } from './base/clock.ts';
export type { GraphLimits } from './base/graph-limits.ts';
export { DEFAULT_LIMITS, limitsWith, type Limits } from './base/limits.ts';
export { randomId, randomText } from './base/random.ts';
export { failure, success, type Result } from './base/result.ts';
export {
  fromValueJson,
  isLink,
  isValue,
  toValueJson,
  type Link as GraphLink,
  type Value,
} from './graph/value.ts';
export { valueOf, writeOf, type Entry, type FieldWrite } from './graph/write.ts';
export { nodeJson, type Fields } from './graph/node.ts';
export { inRange, matchesNames, type NameRange, type Names, type Selector } from './graph/selector.ts';
export { resolve, resolveDue, type Verdict } from './ham/resolve.ts';
export { merge, type MergeOutcome, type MergeView, type SaysTheSame } from './ham/merge.ts';
export * as SEA from './sea/index.ts';
export { contentHash } from './wire/content-hash.ts';
export { decodeFrame, type FrameItem } from './wire/codec.ts';
export type { AckMessage, ControlMessage, Fault, GetMessage, Message, PutMessage } from './wire/message.ts';
export type { Change, MaybePromise, RangeOptions, Storage, TextCursor, TextEntry } from './store/storage.ts';
export { GraphStore, type GraphStoreOptions } from './store/graph-store.ts';
export type { PutOutcome, PutRequest } from './store/put-request.ts';
export { Writer, type WriterEvent, type WriterOptions } from './store/writer.ts';
export { CLOSE, type Frame, type Link, type LinkListener } from './mesh/link.ts';
export { Mesh, type MeshOptions } from './mesh/mesh.ts';
export type { Checked } from './mesh/check-line.ts';
export type { WritePolicy } from './mesh/checks.ts';
export type { MeshEvent } from './mesh/context.ts';
export { Peer, type PeerRole } from './mesh/peer.ts';
export { createGraph, Graph, type GraphOptions } from './api/graph.ts';
export { Reference, type SetOptions, type SetResult } from './api/reference.ts';
export { Collection, type ItemChange, type Items } from './api/collection.ts';
export { stored } from './api/stored-keeper.ts';
export { keys, type KeyQuery } from './api/query.ts';
export type { Found, ListenOptions } from './api/observation.ts';
export type { Delivery, PutOptions, PutResult } from './api/delivery.ts';
export type { GraphEvents } from './api/core.ts';
export type { GraphKeeper, KeptWrite } from './api/keeper.ts';
export type { Tree } from './api/tree.ts';
export type { Connection, GraphStatus } from './api/uplinks.ts';
export type { WaitOptions } from './api/wait.ts';
export type { DialEvents, Dialling, PeerAddress } from './mesh/link.ts';
export type {
  ChildOf,
  Field,
  Input,
  ItemOf,
  KeyOf,
  NodeOf,
  OpenNode,
  Pointer,
  SetOf,
  Snapshot,
} from './api/types.ts';
