// Packs the package, installs the tarball in an empty project and uses it there as its users do.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '..');
const project = mkdtempSync(join(tmpdir(), 'thicket-smoke-'));
const PATIENCE_MS = 30_000;
const windows = process.platform === 'win32';

function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function install() {
  const [{ filename, files }] = JSON.parse(
    npm(['pack', '--json', '--foreground-scripts=false', '--pack-destination', project], root),
  );
  const paths = files.map(({ path }) => path);
  for (const wanted of ['package.json', 'README.md', 'dist/relay/bin.js', 'dist/lib/index.d.ts']) {
    assert.ok(paths.includes(wanted), `the tarball lacks ${wanted}`);
  }
  assert.deepEqual(
    paths.filter((path) => /(^|\/)spec\/|tsbuildinfo|\.ci/.test(path)),
    [],
  );
  writeFileSync(join(project, 'package.json'), '{"name":"smoke","private":true,"type":"module"}');
  npm(['install', '--no-audit', '--no-fund', join(project, filename)], project);
  console.log(`${filename}: ${paths.length} files, installed`);
}

/** Imports every door from a script of the new project; optional peers are only there if needed. */
function importDoors() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const doors = Object.keys(exports).filter((path) => !path.endsWith('.json'));
  const peers = { './adapters/conformance': 'chai@6', './react': 'react@19' };
  const needed = Object.entries(peers).flatMap(([door, peer]) => (doors.includes(door) ? [peer] : []));
  if (needed.length > 0) npm(['install', '--no-audit', '--no-fund', ...needed], project);
  const script = join(project, 'doors.js');
  const lines = doors.map(
    (path) =>
      `console.log('thicket${path.slice(1)}', Object.keys(await import('thicket${path.slice(1)}')).length);`,
  );
  writeFileSync(script, lines.join('\n'));
  process.stdout.write(execFileSync(process.execPath, [script], { cwd: project, encoding: 'utf8' }));
}

/** What `npx thicket` finds is the version that was packed. */
function checkVersion() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(thicket('--version').trim(), version);
}

/** What the installed command prints. */
function thicket(...args) {
  return execFileSync('npx', ['--no-install', 'thicket', ...args], {
    cwd: project,
    encoding: 'utf8',
    shell: windows,
  });
}

/** What was put is signed, and can be verified. */
function checkLogs() {
  assert.equal(thicket('log', 'verify', '--data', 'data').trim(), '1 log, 1 operation: whole');
  assert.match(
    thicket('log', 'blame', 'smoke', 'ok', '--data', 'data'),
    /^ok = true {2}\S+ {2}seen by [0-9a-f]{64} /,
  );
  console.log('logs: the put is signed');
}

/** Asks the checks and puts one value; resolves with the connection once the put is acked. */
async function exchange(port, signal) {
  for (const path of ['/health', '/ready']) {
    assert.equal((await fetch(`http://127.0.0.1:${port}${path}`, { signal })).status, 200);
  }
  const { WebSocket } = createRequire(join(project, 'package.json'))('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/gun`);
  const frames = on(socket, 'message', { signal });
  await once(socket, 'open', { signal });
  socket.send('{"#":"smoke0001","put":{"smoke":{"_":{"#":"smoke",">":{"ok":1}},"ok":true}}}');
  for await (const [data] of frames) {
    const ack = [JSON.parse(data.toString())].flat().find((message) => message['@'] === 'smoke0001');
    if (ack === undefined) continue;
    assert.equal(ack.ok, true);
    return socket;
  }
}

/** Starts the installed command itself: npx would keep the signals to itself. */
async function runRelay() {
  const bin = join(project, 'node_modules', '.bin', 'thicket');
  const args = ['--port', '0', '--host', '127.0.0.1', '--data', join(project, 'data')];
  const relay = spawn(bin, args, { cwd: project, stdio: ['ignore', 'pipe', 'inherit'], shell: windows });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const [line] = await once(createInterface({ input: relay.stdout }), 'line', { signal });
    const port = Number(/^Relay peer started on port (\d+) with \/gun$/.exec(line)?.[1]);
    const socket = await exchange(port, signal);
    const closing = once(socket, 'close', { signal });
    const ended = once(relay, 'exit', { signal });
    relay.kill('SIGTERM');
    const [[closeCode], [exitCode]] = await Promise.all([closing, ended]);
    assert.deepEqual({ closeCode, exitCode }, { closeCode: 1001, exitCode: 0 });
    console.log('relay: put acked, stopped with 1001 and exit code 0');
  } finally {
    relay.kill('SIGKILL');
  }
}

try {
  install();
  importDoors();
  checkVersion();
  await runRelay();
  checkLogs();
} finally {
  rmSync(project, { recursive: true, force: true });
}
