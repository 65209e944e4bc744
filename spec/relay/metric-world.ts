/** A mesh with everything around it that is counted, without a network. */
import { createServer } from 'node:http';
import { MemoryStorage } from '../../adapters/memory.ts';
import { ClientAddresses } from '../../relay/client-address.ts';
import { Connections } from '../../relay/connections.ts';
import { limitsWith } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';
import type { MetricSources } from '../../relay/metric-table.ts';
import { DEFAULT_OPTIONS } from '../../relay/option-table.ts';
import { Throttle } from '../../relay/throttle.ts';
import { Traffic } from '../../relay/traffic.ts';
import { Unfinished } from '../../relay/unfinished.ts';
import { Upgrade } from '../../relay/upgrade.ts';
import { WatchedStorage } from '../../relay/watched-storage.ts';
import { meshWorlds, type MeshWorld } from '../support/mesh-world.ts';
import { FakeTimers } from './fake-timers.ts';
import { admitAll } from './open-door.ts';

const MIB = 1024 * 1024;

const NO_LOGS: MetricSources['logs'] = {
  counts: { taken: 0, forked: 0, known: 0, refused: 0 },
  backlog: 0,
  census: () => Promise.resolve({ authors: 0, forked: 0 }),
  ownHeight: () => Promise.resolve(undefined),
  ownLag: 0,
};

/** What is counted, and the mesh that counts most of it. */
export interface MetricWorld {
  readonly world: MeshWorld;
  readonly sources: MetricSources;
}

/** Gives each spec of a suite its worlds; none of them listens on a port. */
export function metricWorlds(): (changes?: Partial<MetricSources>) => Promise<MetricWorld> {
  const newWorld = meshWorlds();
  return async (changes = {}) => {
    const world = await newWorld();
    const { now, repeat, startTimer } = new FakeTimers();
    const options = DEFAULT_OPTIONS;
    const server = createServer();
    const heartbeat = new Heartbeat(20_000, repeat);
    const sources: MetricSources = {
      mesh: world.mesh,
      graph: world.graph,
      writer: world.writer,
      storage: new WatchedStorage({ storage: new MemoryStorage(), now }),
      connections: new Connections({ server, options, addresses: new ClientAddresses(options), now, repeat }),
      upgrade: new Upgrade({
        server,
        heartbeat,
        slices: new Slices({ schedule: setImmediate }),
        limits: limitsWith({ frameBytes: 1024 }),
        admit: admitAll,
        onLink: () => undefined,
      }),
      throttle: new Throttle({ options, now, repeat, startTimer, report: () => undefined }),
      traffic: new Traffic(),
      unfinished: new Unfinished(MIB, () => undefined),
      logs: NO_LOGS,
      peers: [],
      storeBytes: () => Promise.resolve(undefined),
      ...changes,
    };
    return { world, sources };
  };
}
