/** The door `thicket/react`: a graph in React components, which are drawn anew when what they show changes. */
import {
  createContext,
  createElement,
  useContext,
  useMemo,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from 'react';
import type { Items } from '../../lib/api/collection.ts';
import type { GraphStatus } from '../../lib/api/uplinks.ts';
import type { Graph } from '../../lib/api/graph.ts';
import type { Found } from '../../lib/api/observation.ts';
import type { KeyQuery } from '../../lib/api/query.ts';
import type { Reference } from '../../lib/api/reference.ts';
import type { ItemOf, OpenNode, Snapshot } from '../../lib/api/types.ts';
import { GraphError } from '../../lib/base/errors.ts';

/** What a component shows of a place in the graph. */
export interface Shown<T> extends Found<T> {
  /** True until it is known what is there, or that nothing is. */
  readonly loading: boolean;
}

/** What `useSyncExternalStore` needs. */
interface Store<T> {
  readonly subscribe: (changed: () => void) => () => void;
  readonly get: () => T;
}

const LOADING: Shown<never> = {
  value: undefined,
  found: false,
  complete: false,
  source: 'local',
  soul: undefined,
  loading: true,
};

const GraphContext = createContext<Graph<never> | undefined>(undefined);

/** Gives a graph to the components below. */
export function GraphProvider<Schema extends object>(props: {
  readonly graph: Graph<Schema>;
  readonly children?: ReactNode;
}): ReactElement {
  const { graph, children } = props;
  return createElement(GraphContext.Provider, { value: graph as unknown as Graph<never> }, children);
}

/**
 * The graph of the provider above.
 *
 * @throws GraphError OPTION_INVALID without a provider
 */
export function useGraph<Schema extends object = Record<string, OpenNode>>(): Graph<Schema> {
  const graph = useContext(GraphContext);
  if (graph === undefined) throw new GraphError('OPTION_INVALID', 'there is no GraphProvider above');
  return graph;
}

/** What is at a place, live. References to the same place are the same, however often they are made. */
export function useNode<T>(reference: Reference<T>): Shown<Snapshot<T>> {
  const graph = useContext(GraphContext);
  const store = useMemo(
    () => storeOf<Snapshot<T>>((listener) => reference.on(listener)),
    // The path says it all: a new reference to the same place is no other one.
    [graph, JSON.stringify(reference.path)],
  );
  return useSyncExternalStore(store.subscribe, store.get, loading);
}

/** The members of the set at a place, live; a member that has not changed is the same object as before. */
export function useSet<T>(reference: Reference<T>, query?: KeyQuery): Shown<Items<ItemOf<T>>> {
  const graph = useContext(GraphContext);
  const store = useMemo(
    () => storeOf<Items<ItemOf<T>>>((listener) => reference.map(query).on(listener)),
    [graph, JSON.stringify([reference.path, query?.wanted])],
  );
  return useSyncExternalStore(store.subscribe, store.get, loading);
}

/** How the graph stands with its peers, live. */
export function useStatus(): GraphStatus {
  const graph = useGraph();
  const store = useMemo<Store<GraphStatus>>(
    () => ({ subscribe: (changed) => graph.on('status', changed), get: () => graph.status }),
    [graph],
  );
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

function loading(): Shown<never> {
  return LOADING;
}

function storeOf<T>(listen: (listener: (found: Found<T>) => void) => () => void): Store<Shown<T>> {
  let shown: Shown<T> = LOADING;
  return {
    subscribe: (changed) =>
      listen((found) => {
        shown = { ...found, loading: false };
        changed();
      }),
    get: () => shown,
  };
}
