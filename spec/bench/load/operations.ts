/**
 * What the load generator can be told to do: one operation at a time, each with a plain task and a plain result.
 */
import type { Latency } from '../report/statistics.ts';

/** How the numbers of records become souls: rising like their numbers, or scattered over the key space. */
export type Order = 'rising' | 'scattered';

/** Opens clients and gives them a name as a group. */
export interface ConnectTask {
  readonly group: string;
  readonly url: string;
  readonly count: number;
}

/** Puts new records: for some seconds or until a count is reached, whichever comes first. */
export interface PutTask {
  readonly group: string;
  /** Number of the first record; the following ones count up. */
  readonly first: number;
  readonly count: number;
  readonly seconds: number;
  readonly order: Order;
  /** Puts in flight per client. */
  readonly window: number;
  /** Puts per frame; 1 sends objects, more sends arrays. */
  readonly batch: number;
  /** Milliseconds to wait for the last acks. */
  readonly patienceMs: number;
}

/** Lets users sign values by gun's own SEA, for puts of them later. */
export interface SignTask {
  readonly users: number;
  readonly values: number;
}

/** Puts the signed values, one to a put; the task ends when there are no more. */
export type PutSignedTask = Omit<PutTask, 'count' | 'order'>;

/** Updates all properties of records that are stored, drawn at random. */
export interface UpdateTask {
  readonly group: string;
  /** Stored records, from number 0 on. */
  readonly among: number;
  /** Size of a small set, spread evenly over all records. */
  readonly hot: number;
  /** Percent of the updates that fall on the small set, 0 to 100; the others fall on all records alike. */
  readonly hotPercent: number;
  readonly count: number;
  readonly seconds: number;
  readonly order: Order;
  /** Updates in flight per client. */
  readonly window: number;
  readonly patienceMs: number;
}

/** How a window of requests went. */
export interface RequestResult {
  readonly sent: number;
  readonly answered: number;
  /** Answers that are refusals or hold wrong values. */
  readonly wrong: number;
  /** The first wrong answer. */
  readonly firstWrong: string;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly latency: Latency;
}

/** What a get asks for: a whole record, its one name, a property of the wide node, or a soul that does not exist. */
export type Subject = 'record' | 'name' | 'wide' | 'unknown';

/** Gets in a scattered walk over records; each is asked again only when all were asked. */
export interface GetTask {
  readonly group: string;
  readonly subject: Subject;
  /** Records (or properties of the wide node) from number 0 on. */
  readonly among: number;
  /** Step of the walk at which to begin. */
  readonly first: number;
  readonly count: number;
  readonly seconds: number;
  readonly order: Order;
  readonly window: number;
  readonly patienceMs: number;
}

/** Puts one node of many properties in as many frames as it takes. */
export interface WideNodeTask {
  readonly group: string;
  readonly properties: number;
  readonly patienceMs: number;
}

/** Subscribes each client of a group by a get, to one soul or each to a soul of its own. */
export interface SubscribeTask {
  readonly group: string;
  readonly soul: string;
  readonly each: boolean;
  readonly patienceMs: number;
}

/** One client updates a node, the subscribers count what they are sent. */
export interface BroadcastTask {
  readonly writers: string;
  readonly subscribers: string;
  readonly soul: string;
  /** Properties that take turns, so that no update replaces another before it is delivered. */
  readonly properties: number;
  /** Number of the first update; the following ones count up. */
  readonly first: number;
  readonly seconds: number;
  /** Updates that may be on their way to the slowest subscriber; with a rate of no meaning. */
  readonly window: number;
  /** Updates per second; 0 for as many as the window lets through. */
  readonly rate: number;
  readonly patienceMs: number;
}

/** What arrived at the subscribers. */
export interface BroadcastResult {
  readonly updates: number;
  readonly deliveries: number;
  readonly frames: number;
  readonly seconds: number;
  /** Latency of all deliveries when paced. */
  readonly latency: Latency;
  /** Subscribers that do not hold the last value of every property. */
  readonly behind: number;
  /** Values that were never written. */
  readonly wrong: number;
}

/** Clients write the same few properties; their states decide who wins. */
export interface HammerTask {
  readonly group: string;
  readonly soul: string;
  readonly properties: number;
  /** Writes to the shared properties per put. */
  readonly perPut: number;
  readonly window: number;
  readonly seconds: number;
  /** Whether states rise, so that most writes win, or are drawn from one range, so that most lose. */
  readonly rising: boolean;
  readonly seed: number;
  readonly patienceMs: number;
}

/** How the hammering ended. */
export interface HammerResult {
  /** Writes to shared properties in acked puts. */
  readonly merges: number;
  readonly sent: number;
  readonly acked: number;
  readonly seconds: number;
  /** Replicas of clients that differ from the oracle at the end. */
  readonly diverged: number;
  /** Whether the relay's answer to a last get equals the oracle. */
  readonly relayAgrees: boolean;
}

/** What happened to a group of clients beside the measured work. */
export interface GroupState {
  /** Frames with data or requests that came while nobody measured, since the last look. */
  readonly strays: number;
  /** Connections that the relay or the network has closed. */
  readonly closed: number;
}

/** The library an app uses. */
export type Library = 'thicket' | 'gun';

/** One app does something again and again. */
export interface AppTask {
  readonly library: Library;
  readonly url: string;
  /** Acked puts, reads of nodes it does not know, or starts up to the first value of a listener. */
  readonly action: 'put' | 'once' | 'first';
  /** Nodes there are. */
  readonly among: number;
  readonly first: number;
  readonly count: number;
  readonly seconds: number;
  /** How many at once. */
  readonly window: number;
}

/** How an app did. */
export interface AppResult {
  readonly done: number;
  readonly wrong: number;
  readonly seconds: number;
  readonly latency: Latency;
}

/** All operations of the generator. */
export interface LoadOperations {
  /** @returns seconds it took */
  connect(task: ConnectTask): Promise<number>;
  disconnect(task: { readonly group: string }): Promise<void>;
  put(task: PutTask): Promise<RequestResult>;
  /** @returns values that were signed */
  sign(task: SignTask): Promise<number>;
  putSigned(task: PutSignedTask): Promise<RequestResult>;
  update(task: UpdateTask): Promise<RequestResult>;
  putWideNode(task: WideNodeTask): Promise<RequestResult>;
  get(task: GetTask): Promise<RequestResult>;
  /** @returns clients whose get was answered */
  subscribe(task: SubscribeTask): Promise<number>;
  broadcast(task: BroadcastTask): Promise<BroadcastResult>;
  hammer(task: HammerTask): Promise<HammerResult>;
  app(task: AppTask): Promise<AppResult>;
  inspect(task: { readonly group: string }): Promise<GroupState>;
}

/** A message to the generator. */
export interface LoadRequest {
  readonly request: number;
  readonly operation: keyof LoadOperations;
  readonly task: unknown;
}

/** The generator's answer. */
export type LoadReply =
  | { readonly request: number; readonly result: unknown }
  | { readonly request: number; readonly error: string };
