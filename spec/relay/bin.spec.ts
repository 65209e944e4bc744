import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { VERSION } from '../../relay/version.ts';
import { cut, fileOf } from '../support/broken-store.ts';
import { endProcess } from '../support/end-process.ts';
import { Inbox } from '../support/inbox.ts';
import { freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { deafPeer } from './deaf-peer.ts';

const BIN = fileURLToPath(new URL('../../relay/bin.js', import.meta.url));
const STOP_MS = 5000;

/** A running command with its output by line. */
interface Command {
  readonly child: ChildProcess;
  readonly stdout: Inbox<string>;
  readonly stderr: Inbox<string>;
  /** Exit code, or the signal that ended it, once all output is read. */
  readonly ended: Promise<number | string>;
}

/** The port that the start line names. */
async function portOf({ stdout }: Command): Promise<number> {
  const line = await stdout.next(() => true, 'the start line');
  const [, port] = /^Relay peer started on port (\d+) with \/gun$/.exec(line) ?? [];
  expect(port, line).to.not.equal(undefined);
  return Number(port);
}

function meet(port: number): Promise<RawPeer> {
  return RawPeer.open(`ws://127.0.0.1:${port}/gun`);
}

describe('thicket command', () => {
  let cwd: string;
  let children: ChildProcess[];

  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'thicket-bin-'));
    children = [];
  });

  afterEach(async () => {
    await Promise.all(children.map((child) => endProcess(child, 'SIGKILL')));
    await rm(cwd, { recursive: true, force: true });
  });

  function run(args: readonly string[], env: Record<string, string> = {}): Command {
    const { PORT: _port, PEERS: _peers, ...rest } = process.env;
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      env: { ...rest, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const [stdout, stderr] = [new Inbox<string>('stdout'), new Inbox<string>('stderr')];
    createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line));
    const ended = once(child, 'close').then(([code, signal]) => {
      for (const inbox of [stdout, stderr]) inbox.close(`ended with ${String(code ?? signal)}`);
      return (code ?? signal) as number | string;
    });
    return { child, stdout, stderr, ended };
  }

  /** Runs a command that must fail: exit code 1, nothing on stdout, one line on stderr, which is returned. */
  async function failure(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const { ended, stdout, stderr } = run(args, env);
    expect(await ended).to.equal(1);
    expect(stdout.all).to.deep.equal([]);
    expect(stderr.all).to.have.length(1);
    expect(stderr.all[0]).to.match(/^thicket: /);
    return stderr.all[0]!;
  }

  it('says where it listens, keeps its data in ./data, and logs JSON lines on stderr', async () => {
    const command = run(['0', '--host', '127.0.0.1']);
    const port = await portOf(command);
    const peer = await meet(port);
    expect(await peer.put(graphOf(freshName('soul'), { a: 1 }))).to.include({ ok: true });
    expect(await readdir(cwd)).to.deep.equal(['data']);
    command.child.kill('SIGTERM');
    expect(await command.ended).to.equal(0);
    expect(command.stdout.all).to.have.length(1);
    const kinds = command.stderr.all.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).to.deep.equal(['listening', 'ready', 'stopping', 'stopped']);
    await peer.closed;
  });

  it('takes the port from PORT, and peers from PEERS', async () => {
    const first = run(['--data', 'first'], { PORT: '0' });
    const port = await portOf(first);
    const second = run(['--data', 'second'], { PORT: '0', PEERS: `http://127.0.0.1:${port}/gun,` });
    const [here, there] = [await meet(port), await meet(await portOf(second))];
    const soul = freshName('soul');
    await there.get({ '#': soul });
    await here.put(graphOf(soul, { across: true }));
    expect((await there.pushed(soul)).put?.[soul]).to.include({ across: true });
    for (const { child } of [first, second]) child.kill('SIGTERM');
    expect(await Promise.all([first.ended, second.ended])).to.deep.equal([0, 0]);
    await Promise.all([here.closed, there.closed]);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops on ${signal}: every peer closed with 1001, exit code 0, nothing acked lost`, async () => {
      const command = run(['0', '--host', '127.0.0.1', '--data', 'kept']);
      const port = await portOf(command);
      const peers = await Promise.all([meet(port), meet(port), meet(port)]);
      const soul = freshName('soul');
      const puts = Array.from({ length: 200 }, (_, i) => peers[i % 3]!.put(graphOf(soul, { [`k${i}`]: i })));
      const settling = Promise.allSettled(puts);
      await puts[0];
      const started = performance.now();
      command.child.kill(signal);
      expect(await Promise.all(peers.map(({ closed }) => closed))).to.deep.equal([1001, 1001, 1001]);
      expect(await command.ended).to.equal(0);
      expect(performance.now() - started).to.be.lessThan(STOP_MS);
      const settled = await settling;
      const again = run(['0', '--host', '127.0.0.1', '--data', 'kept']);
      const reader = await meet(await portOf(again));
      const { put } = await reader.get({ '#': soul });
      const missing = settled
        .map((result, i) => (result.status === 'fulfilled' && result.value.ok === true ? `k${i}` : undefined))
        .filter((key) => key !== undefined && put?.[soul]?.[key] === undefined);
      expect(missing).to.deep.equal([]);
      again.child.kill('SIGTERM');
      expect(await again.ended).to.equal(0);
      await reader.closed;
    });
  }

  it('stops in time when a peer answers nothing', async () => {
    const command = run(['0', '--host', '127.0.0.1']);
    const deaf = await deafPeer(await portOf(command));
    const started = performance.now();
    command.child.kill('SIGTERM');
    expect(await command.ended).to.equal(0);
    expect(performance.now() - started).to.be.lessThan(STOP_MS);
    deaf.destroy();
  });

  it('stops at once on a second signal', async () => {
    const command = run(['0', '--host', '127.0.0.1']);
    const deaf = await deafPeer(await portOf(command));
    command.child.kill('SIGTERM');
    await command.stderr.next((line) => line.includes('"stopping"'));
    const again = setInterval(() => command.child.kill('SIGTERM'), 100);
    expect(await command.ended).to.equal(1);
    clearInterval(again);
    deaf.destroy();
  });

  it('takes a Ctrl-C that npm passes on twice for one', async () => {
    const command = run(['0', '--host', '127.0.0.1']);
    const deaf = await deafPeer(await portOf(command));
    command.child.kill('SIGINT');
    await command.stderr.next((line) => line.includes('"stopping"'));
    command.child.kill('SIGINT');
    expect(await command.ended).to.equal(0);
    deaf.destroy();
  });

  it('names a port that is in use', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    expect(await failure([String(port), '--host', '127.0.0.1'])).to.contain(`port ${port} is in use`);
    occupant.close();
  });

  it('names a folder that another process holds', async () => {
    const first = run(['0', '--host', '127.0.0.1']);
    await portOf(first);
    expect(await failure(['0', '--host', '127.0.0.1']))
      .to.contain('another process')
      .and.to.contain('data');
    first.child.kill('SIGTERM');
    expect(await first.ended).to.equal(0);
  });

  it('names a data folder that is none', async () => {
    await writeFile(join(cwd, 'file'), 'no folder');
    expect(await failure(['0', '--data', 'file']))
      .to.contain('cannot be opened or read')
      .and.to.contain('file');
  });

  it('names options that are unknown, malformed or out of range', async () => {
    const [unknown, tooLarge, noPort, noPeers] = await Promise.all([
      failure(['--frame-byte', '5']),
      failure(['70000']),
      failure([], { PORT: 'eighty' }),
      failure([], { PORT: '0', PEERS: 'nonsense' }),
    ]);
    expect(unknown).to.contain('--frame-byte').and.to.contain('--frame-bytes');
    expect(tooLarge).to.contain('0 to 65535');
    expect(noPort).to.contain('PORT "eighty"');
    expect(noPeers).to.contain('nonsense');
  });

  /** Runs `check` or `repair`; gives exit code and output. */
  async function storeCommand(args: readonly string[]): Promise<{ code: number | string; text: string }> {
    const { ended, stdout, stderr } = run(args);
    const code = await ended;
    return { code, text: [...stdout.all, ...stderr.all].join('\n') };
  }

  it('checks and repairs a store: 0 when it is sound, 1 when it is damaged', async () => {
    // Nothing is committed but what is put, so that the commits can be counted.
    const first = run(['0', '--host', '127.0.0.1', '--legacy', 'graph']);
    const peer = await meet(await portOf(first));
    const soul = freshName('soul');
    for (let at = 0; at < 50; at += 1) await peer.put(graphOf(soul, { [`k${at}`]: at }));
    expect(await storeCommand(['check'])).to.deep.equal({
      code: 2,
      text: 'thicket: another process holds the data folder: ./data',
    });
    expect((await storeCommand(['repair'])).code).to.equal(2);
    expect(await readdir(cwd)).to.deep.equal(['data']);
    first.child.kill('SIGTERM');
    expect(await first.ended).to.equal(0);
    await peer.closed;
    await cut(await fileOf(join(cwd, 'data'), /\.log$/), 0.5);
    const damaged = await storeCommand(['check']);
    expect(damaged.code).to.equal(1);
    expect(damaged.text).to.contain('of 50 commits are gone').and.to.contain('thicket repair');
    const repaired = await storeCommand(['repair']);
    expect(repaired.code, repaired.text).to.equal(0);
    expect(await readdir(cwd)).to.have.length(2);
    expect(await storeCommand(['check', '--data', 'data'])).to.include({ code: 0 });
    const again = run(['0', '--host', '127.0.0.1']);
    const reader = await meet(await portOf(again));
    expect(await reader.value(soul, 'k0')).to.equal(0);
    expect(await reader.put(graphOf(soul, { k49: 'again' }))).to.include({ ok: true });
    again.child.kill('SIGTERM');
    expect(await again.ended).to.equal(0);
    expect(again.stderr.all.filter((line) => !line.includes('"level":"info"'))).to.deep.equal([]);
    await reader.closed;
  });

  it('looks at logs of a folder or of a relay: 0 when they are whole, 2 when it could not begin', async () => {
    const relay = run(['0', '--host', '127.0.0.1']);
    const port = await portOf(relay);
    const peer = await meet(port);
    await peer.put(graphOf(freshName('soul'), { a: 1 }));
    expect((await storeCommand(['log', 'heads', '--relay', `http://127.0.0.1:${port}`])).code).to.equal(0);
    expect(await storeCommand(['log', 'heads'])).to.deep.equal({
      code: 2,
      text: 'thicket: another process holds the data folder: ./data; ask the relay that runs on it by --relay',
    });
    relay.child.kill('SIGTERM');
    expect(await relay.ended).to.equal(0);
    await peer.closed;
    expect(await storeCommand(['log', 'verify'])).to.deep.equal({
      code: 0,
      text: '1 log, 1 operation: whole',
    });
    const gone = await storeCommand(['log', 'heads', '--relay', `http://127.0.0.1:${port}`]);
    expect(gone.code).to.equal(2);
    expect(gone.text).to.match(/^thicket: the relay cannot be reached: .*ECONNREFUSED/);
  });

  it('takes check and repair without a store, or with options that are none of theirs, for mistakes', async () => {
    const mistakes = [
      ['check'],
      ['repair', '--data', 'missing'],
      ['check', '--port', '5'],
      ['repair', 'x'],
      ['log'],
      ['log', 'verify'],
    ];
    for (const { code, text } of await Promise.all(mistakes.map(storeCommand))) {
      expect(code, text).to.equal(2);
      expect(text).to.match(/^thicket: an option is unknown, malformed or out of range: .*$/);
    }
    expect((await storeCommand(['check', '--help'])).text).to.contain('--data <folder>');
    expect(await readdir(cwd)).to.deep.equal([]);
  });

  it('says what to do when a store cannot be opened at all', async () => {
    const first = run(['0', '--host', '127.0.0.1']);
    const peer = await meet(await portOf(first));
    await peer.put(graphOf(freshName('soul'), { a: 1 }));
    first.child.kill('SIGTERM');
    expect(await first.ended).to.equal(0);
    await peer.closed;
    await rm(join(cwd, 'data', 'CURRENT'));
    expect(await failure(['0', '--host', '127.0.0.1'])).to.equal(
      'thicket: the store is damaged: the file CURRENT is missing; run: thicket repair --data "./data"',
    );
    // What a script takes for "there is something to put right" says that this could not be found out.
    expect((await storeCommand(['check'])).code).to.equal(1);
    expect(await storeCommand(['log', 'rebuild', '--check'])).to.include({ code: 2 });
  });

  it('prints help and version', async () => {
    const [help, version] = [run(['--help']), run(['--version'])];
    expect(await Promise.all([help.ended, version.ended])).to.deep.equal([0, 0]);
    expect(help.stdout.all.join('\n')).to.contain('--frame-bytes').and.to.contain('THICKET_FRAME_BYTES');
    expect(version.stdout.all).to.deep.equal([VERSION]);
    expect(await readdir(cwd)).to.deep.equal([]);
  });
});
