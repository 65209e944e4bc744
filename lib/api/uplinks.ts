import { GraphError } from '../base/errors.ts';
import { randomId } from '../base/random.ts';
import { nodeJson } from '../graph/node.ts';
import { CLOSE, type Dialling, type Link, type PeerAddress } from '../mesh/link.ts';
import { joinNodes } from '../wire/codec.ts';
import { contentHash } from '../wire/content-hash.ts';
import type { LivePart } from './live-nodes.ts';
import { Uplink, type UplinkParts } from './uplink.ts';
import type { UnsentWrite, UnsentWrites } from './unsent.ts';

/** How a graph stands with its peers; `alone` has none to be connected with. */
export type Connection = 'alone' | 'connecting' | 'online' | 'offline';

/** How a graph stands with the world. */
export interface GraphStatus {
  /** `alone` without peers, `connecting` until one answered or all failed, then `online` or `offline`. */
  readonly connection: Connection;
  /** Peers connected now. */
  readonly peers: number;
  /** Writes that no peer has stored yet. */
  readonly unsent: number;
}

/** One peer there is a link to, or will be. */
interface Remote {
  readonly address: PeerAddress;
  dialling: Dialling | undefined;
  uplink: Uplink | undefined;
  hasFailed: boolean;
}

/** What the links need of the graph. */
export interface UplinksParts extends Pick<UplinkParts, 'limits' | 'take' | 'answer' | 'fail'> {
  readonly unsent: UnsentWrites;
  /** What is to be asked of each peer that comes. */
  readonly parts: () => Iterable<LivePart>;
  /** Told when a peer came, left or could not be reached, and when a write was settled. */
  changed(): void;
  /** Told when a peer refused a write. */
  refused(peer: string, refusal: string): void;
}

/** The links of a graph to all of its peers: what is asked and written goes to each of them. */
export class Uplinks {
  readonly #parts: UplinksParts;
  readonly #remotes: Remote[] = [];
  readonly #pid = randomId();

  /** @throws GraphError OPTION_INVALID when two peers have the same name */
  constructor(peers: readonly PeerAddress[], parts: UplinksParts) {
    this.#parts = parts;
    for (const address of peers) this.add(address);
  }

  /**
   * Adds a peer; {@link open} dials it.
   *
   * @throws GraphError OPTION_INVALID when there is one of that name
   */
  add(address: PeerAddress): void {
    if (this.#remotes.some((other) => other.address.name === address.name))
      throw new GraphError('OPTION_INVALID', 'a peer is given twice');
    this.#remotes.push({ address, dialling: undefined, uplink: undefined, hasFailed: false });
  }

  /** Peers that there are to be. */
  get size(): number {
    return this.#remotes.length;
  }

  get status(): GraphStatus {
    const peers = this.#remotes.filter(({ uplink }) => uplink).length;
    return { connection: this.#connectionOver(peers), peers, unsent: this.#parts.unsent.count };
  }

  #connectionOver(peers: number): Connection {
    if (this.size === 0) return 'alone';
    if (peers > 0) return 'online';
    return this.#remotes.every(({ hasFailed }) => hasFailed) ? 'offline' : 'connecting';
  }

  /** Dials every peer that is not dialled yet. */
  open(): void {
    for (const remote of this.#remotes)
      remote.dialling ??= remote.address.dial({
        link: (link) => this.#welcome(remote, link),
        failed: () => {
          remote.hasFailed = true;
          this.#parts.changed();
        },
      });
  }

  close(): void {
    for (const { dialling, uplink } of this.#remotes) {
      uplink?.close(CLOSE.goingAway, 'closing');
      dialling?.close();
    }
  }

  /** Says whether links and dialling keep the process alive. */
  hold(isHeld: boolean): void {
    for (const { dialling } of this.#remotes) dialling?.hold(isHeld);
  }

  /** Asks every peer for a part of a node. */
  ask(part: LivePart): void {
    for (const { uplink } of this.#remotes) if (uplink !== undefined) this.#askOne(uplink, part, undefined);
  }

  /** True when every connected peer, and one at least, has answered; or there are none to ask. */
  isComplete(part: LivePart): boolean {
    if (this.size === 0) return true;
    return (
      part.answeredBy.length > 0 &&
      this.#remotes.every(({ uplink }) => uplink === undefined || part.answeredBy.includes(uplink))
    );
  }

  /** Sends a write to every peer. */
  send(write: UnsentWrite): void {
    for (const remote of this.#remotes) this.#sendTo(remote, write);
  }

  #welcome(remote: Remote, link: Link): void {
    const { parts } = this.#parts;
    const uplink = new Uplink(link, {
      ...this.#parts,
      pid: this.#pid,
      closed: () => this.#lost(remote, uplink),
    });
    remote.uplink = uplink;
    for (const part of parts()) this.#askOne(uplink, part, hashOf(part));
    for (const write of this.#parts.unsent.for(remote.address.name)) this.#sendTo(remote, write);
    uplink.start();
    this.#parts.changed();
  }

  #lost(remote: Remote, uplink: Uplink): void {
    if (remote.uplink !== uplink) return;
    remote.uplink = undefined;
    remote.hasFailed = true;
    for (const part of this.#parts.parts())
      part.answeredBy = part.answeredBy.filter((other) => other !== uplink);
    this.#parts.changed();
  }

  #askOne(uplink: Uplink, part: LivePart, hash: number | undefined): void {
    uplink.ask({
      selector: part.selector,
      hash,
      isOver: () => part.watchers.size === 0,
      answered: (isSilent) => {
        if (isSilent || uplink.isClosed) return;
        part.answeredBy = [...part.answeredBy, uplink];
        part.tell(undefined);
      },
    });
  }

  #sendTo({ uplink, address: { name } }: Remote, write: UnsentWrite): void {
    if (uplink === undefined) return;
    this.#parts.unsent.line(write, uplink).put({
      putJson: write.putJson,
      writes: write.writes,
      settled: (refusal) => {
        this.#parts.unsent.settle(write, name, refusal);
        if (refusal !== undefined) this.#parts.refused(name, refusal);
        this.#parts.changed();
      },
    });
  }
}

/** Hash of what a peer that has the same would answer; undefined when nothing is here, or only a part of it. */
function hashOf({ node, selector, isLoaded }: LivePart): number | undefined {
  const { key } = selector;
  if (!isLoaded || (key !== undefined && typeof key !== 'string')) return undefined;
  const entry = key === undefined ? undefined : node.fields.get(key);
  const fields = key === undefined ? node.fields : new Map(entry === undefined ? [] : [[key, entry]]);
  return fields.size === 0 ? undefined : contentHash(joinNodes([nodeJson(node.soul, fields)]));
}
