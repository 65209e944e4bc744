import type { Watch } from '../api/live-nodes.ts';
import { EVERYTHING } from '../api/path-follower.ts';
import { isLink } from '../graph/value.ts';
import { propertiesOf, type Shown } from './display.ts';
import { Listener, type ListenerWorld } from './listener.ts';
import type { Source } from './sources.ts';
import { soulOf } from './values.ts';

/** Shows what a chain means with all it links to, each as one object that is built anew when any of it changes. */
export class OpenTrees {
  readonly #trees = new Map<object, OpenTree>();

  constructor(
    world: ListenerWorld,
    source: Source,
    telling: 'on' | 'once',
    tell: (document: unknown, shown: Shown) => void,
  ) {
    const listener: Listener = new Listener(world, source, {
      telling: 'on',
      tell: (shown) => {
        const tree = this.#trees.get(shown.spot) ?? new OpenTree(world);
        this.#trees.set(shown.spot, tree);
        tree.show(shown.data, (document) => {
          if (telling === 'once') tree.close();
          if (telling === 'once' && source.isOne) listener.off();
          tell(document, shown);
        });
      },
      ended: () => {
        for (const tree of this.#trees.values()) tree.close();
      },
    });
  }
}

/** One node with all it links to. A node that is met again is the same object, so circles end. */
class OpenTree {
  readonly #world: ListenerWorld;
  readonly #watches = new Map<string, Watch>();
  #top: unknown;
  #tell: (document: unknown) => void = () => undefined;
  #isScheduled = false;
  #isClosed = false;

  constructor(world: ListenerWorld) {
    this.#world = world;
  }

  /** Shows a value, or the node that data is, from now on. */
  show(data: unknown, tell: (document: unknown) => void): void {
    this.#top = data;
    this.#tell = tell;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches.values()) watch.release();
    this.#watches.clear();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#build();
    });
  }

  #build(): void {
    const soul = soulOf(this.#top);
    if (soul === undefined) return this.#tell(this.#top);
    const nodes = new Map<string, Record<string, unknown>>();
    const isWhole = this.#visit(soul, nodes);
    for (const [known, watch] of this.#watches) {
      if (nodes.has(known)) continue;
      watch.release();
      this.#watches.delete(known);
    }
    if (isWhole) this.#tell(nodes.get(soul));
  }

  /** Builds a node and those behind it; false while any of them is still to come. */
  #visit(top: string, nodes: Map<string, Record<string, unknown>>): boolean {
    let isWhole = true;
    nodes.set(top, {});
    // The map grows while it is walked.
    for (const [soul, node] of nodes) {
      const { part } = this.#watch(soul);
      isWhole &&= part.isLoaded && (part.node.fields.size > 0 || this.#isSettled(soul));
      for (const { key, value } of propertiesOf(part.node)) {
        const behind = isLink(value) ? (nodes.get(value['#']) ?? {}) : undefined;
        if (isLink(value)) nodes.set(value['#'], behind!);
        Object.defineProperty(node, key, {
          value: behind ?? value,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
    }
    return isWhole;
  }

  #watch(soul: string): Watch {
    const known = this.#watches.get(soul);
    if (known !== undefined) return known;
    const watch = this.#world.watch({ soul, ...EVERYTHING }, () => this.#schedule());
    this.#watches.set(soul, watch);
    return watch;
  }

  #isSettled(soul: string): boolean {
    const { core } = this.#world;
    return core.isCutOff || core.isComplete([this.#watches.get(soul)!.part]);
  }
}
