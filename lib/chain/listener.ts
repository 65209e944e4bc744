import { Display, type DisplayOptions, type DisplayWorld, type Shown, type Telling } from './display.ts';
import { BELOW, type Source, type SourceWorld } from './sources.ts';

/** What listeners need of the graph. */
export interface ListenerWorld extends DisplayWorld, SourceWorld {
  /** The listeners there are. */
  readonly listeners: Set<Listener>;
  /** Resolves when the writes that are under way are stored here; undefined when there are none. */
  readonly writing: Promise<void> | undefined;
}

/** What a listener is and how it is told. */
export interface ListenerOptions {
  readonly telling: Telling;
  readonly waitMs?: number | undefined;
  readonly tell: (shown: Shown, listener: Listener) => void;
  /** Told when it is taken off. */
  readonly ended?: () => void;
}

/** A callback of an app at a chain: it is shown each spot that the chain means, until it is taken off. */
export class Listener {
  readonly source: Source;
  readonly #world: ListenerWorld;
  readonly #displays = new Map<object, Display>();
  readonly #stops: (() => void)[] = [];
  #isOver = false;

  constructor(world: ListenerWorld, source: Source, { telling, waitMs, tell, ended }: ListenerOptions) {
    this.#world = world;
    this.source = source;
    world.listeners.add(this);
    const { core, writing } = world;
    const options: DisplayOptions = {
      telling,
      tellsNothing: telling === 'get' || source.isOne,
      skipsNull: !source.isOne,
      waitMs,
      tell: (shown) => {
        if (telling === 'once' && source.isOne) this.off();
        tell(shown, this);
      },
    };
    this.#stops.push(
      core.hold(),
      core.onClose(() => this.off()),
    );
    if (ended !== undefined) this.#stops.push(ended);
    const stop = source.open(world, {
      entered: (spot) => {
        if (!this.#isOver) this.#displays.set(spot, new Display(world, spot, options, writing));
      },
      left: (spot) => {
        this.#displays.get(spot)?.close();
        this.#displays.delete(spot);
      },
    });
    this.#stops.push(stop);
    if (this.#isOver) this.#end();
  }

  /** True when what it listens to is what a source means, or lies below it; everything is below none. */
  isWithin(id: string | undefined): boolean {
    return id === undefined || this.source.id === id || this.source.id.startsWith(`${id}${BELOW}`);
  }

  /** Is told nothing any more. */
  off(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#world.listeners.delete(this);
    this.#end();
  }

  #end(): void {
    for (const display of this.#displays.values()) display.close();
    this.#displays.clear();
    for (const stop of this.#stops.splice(0)) stop();
  }
}
