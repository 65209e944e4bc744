import { once } from 'node:events';
import { readFile, writeFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect } from 'chai';
import { expectCode } from '../../adapters/conformance/storage-kit.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { keyOfPlace, operationKey } from '../../lib/store/log-keys.ts';
import { decodeOperation, encodeOperation } from '../../lib/store/operation-record.ts';
import { runLog } from '../../relay/log-command.ts';
import type { LogAction, LogPlaceWanted } from '../../relay/log-options.ts';
import { createRelay, type RelaySettings } from '../../relay/relay.ts';
import { changeFolder, contentOf, isOfGraph } from '../support/folder-content.ts';
import { inPieces } from '../support/log-bytes.ts';
import { graphOf, RawPeer } from '../support/raw-peer.ts';
import { REBUILD } from '../support/rebuilding.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const QUIET: RelaySettings = { port: 0, host: '127.0.0.1', logLevel: 'silent', legacy: 'witness' };
const HEADS: LogAction = { kind: 'heads', author: undefined, json: true };
const VERIFY: LogAction = { kind: 'verify', author: undefined, json: false };

/** What a command printed, and its exit code. */
interface Ran {
  readonly code: number;
  readonly bytes: Buffer;
  readonly text: string;
  /** What it said beside that. */
  readonly told: string;
}

async function run(
  place: LogPlaceWanted,
  action: LogAction,
  input: AsyncIterable<Uint8Array> = none(),
): Promise<Ran> {
  const output = new PassThrough();
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const terminal = new PassThrough();
  const code = await runLog({ place, action }, { input: Readable.from(input), output, terminal });
  output.end();
  await once(output, 'end');
  const bytes = Buffer.concat(chunks);
  return { code, bytes, text: bytes.toString(), told: String(terminal.read() ?? '') };
}

async function* none(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(0));
}

function at(data: string): LogPlaceWanted {
  return { kind: 'folder', data, network: 'gun' };
}

describe('thicket log', () => {
  const folder = temporaryFolders();

  /** A folder in which a relay has witnessed some writes. */
  async function witnessed(souls: readonly string[]): Promise<string> {
    const data = join(await folder(), 'data');
    const relay = createRelay({ ...QUIET, data, durability: 'os' });
    await relay.listen();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    for (const soul of souls) await peer.put(graphOf(soul, { name: soul, age: 5 }));
    await peer.close();
    await relay.close();
    return data;
  }

  it('carries logs between relays that never met, and both have the same graph and logs', async () => {
    const [one, other] = [await witnessed(['mark', 'ann']), await witnessed(['bob'])];
    const [from, to] = [
      await run(at(one), { kind: 'export', author: undefined, file: undefined }),
      join(await folder(), 'b.cbor'),
    ];
    expect((await run(at(other), { kind: 'export', author: undefined, file: to })).text).to.equal('');
    const there = await run(
      at(other),
      { kind: 'import', file: undefined, json: false },
      inPieces(from.bytes, 100),
    );
    expect(there.text).to.match(/^\d+ operations? taken in, 0 known before\n$/);
    const back = await run(at(one), { kind: 'import', file: to, json: true });
    expect(JSON.parse(back.text)).to.deep.include({ known: 0, refused: {} });
    const [here, elsewhere] = [await run(at(one), HEADS), await run(at(other), HEADS)];
    expect(here.text).to.equal(elsewhere.text);
    expect(here.text.trimEnd().split('\n')).to.have.lengthOf(2);
    for (const data of [one, other]) {
      const relay = createRelay({ ...QUIET, data });
      await relay.listen();
      const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
      for (const soul of ['mark', 'ann', 'bob']) expect(await peer.value(soul, 'name')).to.equal(soul);
      await peer.close();
      await relay.close();
    }
    expect((await run(at(one), VERIFY)).text).to.match(/^2 logs, \d+ operations: whole\n$/);
  });

  it('lists logs and operations, for people and for programs', async () => {
    const data = await witnessed(['mark']);
    const head = JSON.parse((await run(at(data), HEADS)).text) as { author: string; operations: number };
    expect(head.operations).to.equal(1);
    const heads = await run(at(data), { kind: 'heads', author: head.author, json: false });
    expect(heads.text).to.match(
      new RegExp(`^${head.author}  log [0-9a-f]{8}  #0 to #0, 1 operations, tip [0-9a-f]{8}\n$`),
    );
    const shown = await run(at(data), { kind: 'show', author: undefined, json: false });
    expect(shown.text).to.match(
      /^[0-9a-f]{8} #0 {2}20\d\d-.*Z {2}[0-9a-f]{64} {2}gun\/seen, 2 properties\n$/,
    );
    const asJson = await run(at(data), { kind: 'show', author: undefined, json: true });
    const report = JSON.parse(asJson.text) as { writes: { soul: string; key: string; value: unknown }[] };
    expect(report.writes.map(({ key, value }) => [key, value])).to.deep.equal([
      ['age', 5],
      ['name', 'mark'],
    ]);
    const nobody = await run(at(data), { kind: 'show', author: '00'.repeat(32), json: false });
    expect(nobody.text).to.equal('');
  });

  it('tells who wrote a node, and how it was before: exit code 1 for one that nobody wrote', async () => {
    const data = await witnessed(['mark']);
    const relay = createRelay({ ...QUIET, data, legacy: 'graph' });
    await relay.listen();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    await peer.put(graphOf('mark', { city: 'Austin' }));
    const blame = { kind: 'blame', soul: 'mark', key: undefined, at: undefined, json: false } as const;
    const place: LogPlaceWanted = { kind: 'relay', relay: `http://127.0.0.1:${relay.port}`, token: '' };
    const whole = (await run(place, blame)).text;
    await peer.close();
    await relay.close();
    const { author } = JSON.parse((await run(at(data), HEADS)).text) as { author: string };
    const lines = whole.trimEnd().split('\n');
    expect(lines[0]).to.match(new RegExp(`^age = 5 {2}20.*Z {2}seen by ${author} #0 \\([0-9a-f]{64}\\)$`));
    expect(lines[1]).to.match(/^city = "Austin" {2}20.*Z {2}unsigned$/);
    expect(lines[2]).to.include('name = "mark"');
    expect((await run(at(data), blame)).text).to.equal(whole);
    const one = await run(at(data), { ...blame, key: 'name', json: true });
    const report = JSON.parse(one.text) as { state: number; said: { id: string } };
    const node = { ...blame, kind: 'node' } as const;
    expect((await run(at(data), node)).text).to.equal('{"age":5,"city":"Austin","name":"mark"}\n');
    for (const moment of [report.state, report.said.id]) {
      expect((await run(at(data), { ...node, at: moment })).text).to.equal('{"age":5,"name":"mark"}\n');
    }
    const before = await run(at(data), { ...node, at: report.state - 1 });
    expect(before).to.deep.include({ code: 1, text: '', told: 'thicket: nothing is known of "mark"\n' });
    const nobody = await run(at(data), { ...blame, soul: 'nobody', key: 'x' });
    expect(nobody).to.deep.include({ code: 1, text: '', told: 'thicket: nothing is known of "nobody x"\n' });
  });

  it('finds what is wrong with a log of a running relay: exit code 1', async () => {
    const storage = new MemoryStorage();
    const relay = createRelay(QUIET, { storage });
    await relay.listen();
    await relay.ready();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    await peer.put(graphOf('mark', { name: 'Mark' }));
    const here: LogPlaceWanted = { kind: 'relay', relay: `http://127.0.0.1:${relay.port}`, token: '' };
    let heads = '';
    while (heads === '') heads = (await run(here, HEADS)).text;
    expect(await run(here, VERIFY)).to.deep.include({ code: 0, text: '1 log, 1 operation: whole\n' });
    const { tip } = JSON.parse(heads) as { tip: string };
    const place = keyOfPlace('canonical', (await storage.getText(operationKey(tip)))!);
    const { header, body, total } = decodeOperation((await storage.getText(place))!);
    header[60]! ^= 1;
    await storage.commit([[place, encodeOperation(tip, total, header, body)]]);
    const found = await run(here, VERIFY);
    expect(found.code).to.equal(1);
    expect(found.text).to.match(/#0 [0-9a-f]{8}: the signature does not fit the author\n/);
    expect(found.text).to.match(/1 log, 1 operation: 1 log not whole\n$/);
    const asJson = await run(here, { ...VERIFY, json: true });
    expect(JSON.parse(asJson.text))
      .to.deep.include({ operations: 1 })
      .and.to.have.nested.property('faults[0].reason', 'signature');
    await peer.close();
    await relay.close();
  });

  it('has exit code 1 for an import that is refused in part, or is none', async () => {
    const data = await witnessed(['mark']);
    const { bytes } = await run(at(data), { kind: 'export', author: undefined, file: undefined });
    const empty = join(await folder(), 'empty');
    const cut = await run(
      at(empty),
      { kind: 'import', file: undefined, json: false },
      inPieces(bytes.subarray(0, -1), 9),
    );
    expect(cut).to.deep.include({ code: 1 });
    expect(cut.text).to.include('the rest was not looked at: byte 0: the bytes end too early');
    const elsewhere: LogPlaceWanted = { kind: 'folder', data: empty, network: 'other' };
    const refused = await run(
      elsewhere,
      { kind: 'import', file: undefined, json: false },
      inPieces(bytes, 9),
    );
    expect(refused).to.deep.include({ code: 1 });
    expect(refused.text).to.include('1 refused: the operation is of another log or topic');
  });

  it('makes the graph of a folder what its logs say, after a look at what that would change: exit code 1', async () => {
    const data = await witnessed(['mark', 'ann']);
    const check = { ...REBUILD, isCheck: true };
    const whole = await contentOf(data);
    expect(await run(at(data), check)).to.deep.include({ code: 0 });
    await changeFolder(data, (key) => (isOfGraph(key) ? undefined : 'same'), [
      ['g/bob', 'name\u00009 "Bob"'],
    ]);
    const found = await run(at(data), check);
    expect(found.code).to.equal(1);
    expect(found.text).to.match(
      /^"ann" "age": missing; logs say 5 of 20.*Z \([\da-f]{64}\)\n"ann" "name": missing; .*\n"mark" "age"/,
    );
    expect(found.text).to.match(/properties: 4 missing, 0 older than in logs, 1 in no log\n/);
    const asJson = await run(at(data), { ...check, json: true, purges: true });
    const reports = asJson.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind?: string; soul?: string; lost?: number; unsigned?: number });
    expect(reports.slice(0, 5).map(({ kind, soul }) => `${soul} ${kind}`)).to.deep.equal([
      'ann lost',
      'ann lost',
      'bob unsigned',
      'mark lost',
      'mark lost',
    ]);
    expect(reports.at(-1)).to.deep.include({ lost: 4, unsigned: 1 });
    const done = await run(at(data), REBUILD);
    expect(done.code).to.equal(0);
    expect(done.text).to.match(/\nput right; what is in no log stays \(--purge takes it out\)\n$/);
    expect(await run(at(data), check)).to.deep.include({ code: 0 });
    const purged = await run(at(data), { ...REBUILD, purges: true, json: true });
    expect(JSON.parse(purged.text)).to.deep.include({ lost: 0, unsigned: 1 });
    expect(await contentOf(data)).to.deep.equal(whole);
    const relay: LogPlaceWanted = { kind: 'relay', relay: 'http://127.0.0.1:1', token: '' };
    await expectCode('OPTION_INVALID', () => run(relay, REBUILD));
  });

  it('begins nothing with files that cannot be read or are there already', async () => {
    const data = await witnessed(['mark']);
    const file = join(await folder(), 'there');
    await writeFile(file, 'mine');
    await expectCode('OPTION_INVALID', () => run(at(data), { kind: 'export', author: undefined, file }));
    expect(await readFile(file, 'utf8')).to.equal('mine');
    const place = await folder();
    const missing: LogAction = { kind: 'import', file: join(place, 'missing'), json: false };
    await expectCode('OPTION_INVALID', () => run(at(join(place, 'data')), missing));
    expect(await readdir(place)).to.deep.equal([]);
  });

  it('stops without a word when nobody reads on', async () => {
    const data = await witnessed(['mark']);
    const output = new PassThrough();
    output.destroy();
    const terminal = new PassThrough();
    const request = { place: at(data), action: { kind: 'show', author: undefined, json: true } } as const;
    expect(await runLog(request, { input: Readable.from([]), output, terminal })).to.equal(0);
  });

  it('leaves no half of a file when an export breaks off', async () => {
    const storage = new MemoryStorage();
    const relay = createRelay(QUIET, { storage });
    await relay.listen();
    await relay.ready();
    const place: LogPlaceWanted = { kind: 'relay', relay: `http://127.0.0.1:${relay.port}`, token: '' };
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    await peer.put(graphOf('mark', { name: 'Mark' }));
    let heads = '';
    while (heads === '') heads = (await run(place, HEADS)).text;
    const parent = await folder();
    storage.range = () => ({ next: () => Promise.reject(new Error('no')), close: () => Promise.resolve() });
    const file = join(parent, 'x');
    await expectCode('RELAY_UNREACHABLE', () => run(place, { kind: 'export', author: undefined, file }));
    expect(await readdir(parent)).to.deep.equal([]);
    await peer.close();
    await relay.close();
  });
});
