/** Behaviour of the relay when its disk is full: it says so, loses nothing acked, and goes on by itself. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { endProcess } from '../support/end-process.ts';
import { Inbox } from '../support/inbox.ts';
import { graphOf, RawPeer } from '../support/raw-peer.ts';
import { smallDisk, type SmallDisk, type Wrap } from '../support/small-disk.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const BIN = fileURLToPath(new URL('../../relay/bin.js', import.meta.url));
const VALUE = 'x'.repeat(2000);
const KEYS = ['a', 'b', 'c'];

function soulOf(number: number): string {
  return `soul ${number}`;
}

function fieldsOf(number: number): Record<string, string> {
  return Object.fromEntries(KEYS.map((key) => [key, `${key} ${number} ${VALUE}`]));
}

/** A relay on the small disk. */
interface DiskRelay {
  readonly child: ChildProcess;
  readonly log: Inbox<string>;
  readonly peer: RawPeer;
}

/** Puts nodes of several properties, one after the other, until one is refused; gives its reason. */
async function putUntilRefused(peer: RawPeer, acked: Set<number>, first: number): Promise<string> {
  for (let number = first; ; number += 1) {
    const { ok, err } = await peer.put(graphOf(soulOf(number), fieldsOf(number), 5));
    if (ok !== true) return String(err);
    acked.add(number);
  }
}

/** Every acked node is there, and no node is there in part. */
async function expectAcked(peer: RawPeer, acked: ReadonlySet<number>, last: number): Promise<void> {
  for (let number = 0; number <= last; number += 1) {
    const { put } = await peer.get({ '#': soulOf(number) });
    const node = put?.[soulOf(number)];
    const found = KEYS.filter((key) => node?.[key] === `${key} ${number} ${VALUE}`);
    if (acked.has(number)) expect(found, soulOf(number)).to.deep.equal(KEYS);
    else expect(found.length, soulOf(number)).to.be.oneOf([0, KEYS.length]);
  }
}

/** Puts until one is stored: the relay looks for room at most once a second. */
async function putUntilStored(peer: RawPeer, number: number): Promise<void> {
  for (;;) {
    const { ok, err } = await peer.put(graphOf(soulOf(number), { a: 'stored' }, 6));
    if (ok === true) return;
    expect(err).to.equal('the disk is full, nothing was stored');
  }
}

describe('relay on a full disk', function () {
  this.timeout(60_000);
  const folder = temporaryFolders();
  let disk: SmallDisk;
  let relays: DiskRelay[];

  beforeEach(async () => {
    const path = join(await folder(), 'disk');
    await mkdir(path);
    disk = await smallDisk(path);
    relays = [];
  });

  afterEach(async () => {
    await Promise.all(relays.map(({ child }) => endProcess(child, 'SIGKILL')));
    await Promise.all(relays.map(({ peer }) => peer.closed));
    await disk.remove();
  });

  function spawnOn(wrap: Wrap): ChildProcessByStdio<null, Readable, Readable> {
    const data = join(disk.path, 'data');
    const args = ['0', '--host', '127.0.0.1', '--data', data, '--log-level', 'info'];
    const [command = '', ...rest] = wrap([process.execPath, BIN, ...args]);
    return spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts a relay while the disk is full; what it says until it ends. */
  async function runFull(): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
    const child = spawnOn(disk.wrapFull);
    const lines: string[] = [];
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => lines.push(line));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, lines };
  }

  async function start(): Promise<DiskRelay> {
    const child = spawnOn(disk.wrap);
    const log = new Inbox<string>('log');
    const stdout = new Inbox<string>('stdout');
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line));
    const port = /port (\d+)/.exec(await stdout.next(() => true, 'the start line'))![1]!;
    const peer = await RawPeer.open(`ws://127.0.0.1:${port}/gun`);
    const relay = { child, log, peer };
    relays.push(relay);
    return relay;
  }

  it('refuses puts, serves what it has, stores again when there is room, and has every acked put after SIGKILL', async () => {
    const { child, peer, log } = await start();
    const acked = new Set<number>();
    for (let number = 0; number < 100; number += 1) {
      expect(await peer.put(graphOf(soulOf(number), fieldsOf(number), 5))).to.include({ ok: true });
      acked.add(number);
    }
    for (let round = 0; round < 2; round += 1) {
      await disk.fill(child);
      const first = Math.max(...acked) + 1;
      expect(await putUntilRefused(peer, acked, first)).to.equal('the disk is full, nothing was stored');
      const last = Math.max(...acked) + 1;
      for (let tries = 0; tries < 20; tries += 1) {
        expect((await peer.put(graphOf(soulOf(last), { a: 'refused' }, 7))).ok).to.equal(undefined);
      }
      await expectAcked(peer, acked, last);
      await disk.makeRoom(child);
      await putUntilStored(peer, 1_000_000 + round);
      await expectAcked(peer, acked, last);
      expect(await peer.value(soulOf(last), 'a'), 'what was refused is not there').to.equal(undefined);
    }
    const kinds = log.all.map((line) => (JSON.parse(line) as { kind: string }).kind);
    const told = kinds.filter((kind) => kind.startsWith('store-') || kind === 'commit-failed');
    expect(told).to.deep.equal(['store-full', 'store-writable', 'store-full', 'store-writable']);
    await endProcess(child, 'SIGKILL');
    const again = await start();
    await expectAcked(again.peer, acked, Math.max(...acked) + 1);
    for (const round of [0, 1])
      expect(await again.peer.value(soulOf(1_000_000 + round), 'a')).to.equal('stored');
    expect(again.log.all.filter((line) => !line.includes('"info"'))).to.deep.equal([]);
  });

  it('does not start on a disk that is still full, says so in one line, and has every acked put after that', async () => {
    const { child, peer } = await start();
    const acked = new Set<number>();
    for (let number = 0; number < 100; number += 1) {
      expect(await peer.put(graphOf(soulOf(number), fieldsOf(number), 5))).to.include({ ok: true });
      acked.add(number);
    }
    await disk.fill(child);
    await putUntilRefused(peer, acked, 100);
    await endProcess(child, 'SIGKILL');
    for (let tries = 0; tries < 3; tries += 1) {
      const { code, lines } = await runFull();
      expect(lines.filter((line) => !line.startsWith('{'))).to.deep.equal([
        `thicket: the disk is full: ${join(disk.path, 'data')}`,
      ]);
      expect(code).to.equal(1);
    }
    await disk.makeRoom(child);
    const again = await start();
    await expectAcked(again.peer, acked, Math.max(...acked) + 1);
    expect(again.log.all.filter((line) => !line.includes('"info"'))).to.deep.equal([]);
  });

  it('has every acked put when it is killed while the disk is full', async () => {
    const { child, peer } = await start();
    const acked = new Set<number>();
    await disk.fill(child);
    await putUntilRefused(peer, acked, 0);
    await disk.makeRoom(child);
    await putUntilStored(peer, 1_000_000);
    const first = Math.max(-1, ...acked) + 1;
    for (let number = first; number < first + 100; number += 1) {
      expect(await peer.put(graphOf(soulOf(number), fieldsOf(number), 5))).to.include({ ok: true });
      acked.add(number);
    }
    await disk.fill(child);
    await putUntilRefused(peer, acked, first + 100);
    await endProcess(child, 'SIGKILL');
    await disk.makeRoom(child);
    const again = await start();
    await expectAcked(again.peer, acked, Math.max(...acked) + 1);
    expect(again.log.all.filter((line) => !line.includes('"info"'))).to.deep.equal([]);
  });
});
