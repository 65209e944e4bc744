import { expect } from 'chai';
import { LOG_FLAGS, type LogRequest } from '../../relay/log-options.ts';
import { readOptions } from '../../relay/options.ts';
import { REBUILD } from '../support/rebuilding.ts';

const AUTHOR = 'ab'.repeat(32);

function requestOf(args: readonly string[], env: Record<string, string> = {}): LogRequest {
  const asked = readOptions(['log', ...args], env);
  if (asked.kind !== 'log') throw new Error(asked.kind);
  return asked.request;
}

describe('relay log options', () => {
  it('say what to do', () => {
    expect(requestOf(['heads']).action).to.deep.equal({ kind: 'heads', author: undefined, json: false });
    expect(requestOf(['show', '--author', AUTHOR, '--json']).action).to.deep.equal({
      kind: 'show',
      author: AUTHOR,
      json: true,
    });
    expect(requestOf(['verify', '--json']).action).to.deep.equal({
      kind: 'verify',
      author: undefined,
      json: true,
    });
    expect(requestOf(['export']).action).to.deep.equal({
      kind: 'export',
      author: undefined,
      file: undefined,
    });
    expect(requestOf(['export', 'a.cbor', '--author', AUTHOR]).action).to.deep.equal({
      kind: 'export',
      author: AUTHOR,
      file: 'a.cbor',
    });
    expect(requestOf(['import', 'a.cbor']).action).to.deep.equal({
      kind: 'import',
      file: 'a.cbor',
      json: false,
    });
  });

  it('say of which node, and when', () => {
    const blame = { kind: 'blame', soul: 'mark', key: undefined, at: undefined, json: false };
    expect(requestOf(['blame', 'mark']).action).to.deep.equal(blame);
    expect(requestOf(['blame', 'mark', 'name', '--json', '--at', '2026-01-31']).action).to.deep.equal({
      ...blame,
      key: 'name',
      json: true,
      at: Date.UTC(2026, 0, 31),
    });
    const node = { kind: 'node', soul: 'mark', key: undefined, at: AUTHOR, json: true };
    expect(requestOf(['show', 'mark', '--at', AUTHOR]).action).to.deep.equal(node);
  });

  it('say where: a folder as the relay takes it, or a relay with its token', () => {
    expect(requestOf(['heads']).place).to.deep.equal({ kind: 'folder', data: './data', network: 'gun' });
    const env = { THICKET_DATA: 'here', THICKET_NETWORK: 'mine', THICKET_ADMIN_TOKEN: 'a-long-token' };
    expect(requestOf(['heads'], env).place).to.deep.equal({ kind: 'folder', data: 'here', network: 'mine' });
    expect(requestOf(['heads', '--data', 'there', '--network', 'other'], env).place).to.deep.equal({
      kind: 'folder',
      data: 'there',
      network: 'other',
    });
    const relay = 'http://localhost:8765';
    expect(requestOf(['heads', '--relay', relay], env).place).to.deep.equal({
      kind: 'relay',
      relay,
      token: 'a-long-token',
    });
    expect(requestOf(['heads', '--relay', relay, '--admin-token', 'another']).place).to.deep.include({
      token: 'another',
    });
    expect(requestOf(['heads', '--relay', relay]).place).to.deep.include({ token: '' });
  });

  it('say how to rebuild a graph: in a folder, by what the relay takes', () => {
    expect(requestOf(['rebuild']).action).to.deep.equal(REBUILD);
    const env = { THICKET_DATA: 'here', THICKET_SEA: 'off', THICKET_NAME_LENGTH: '77' };
    expect(requestOf(['rebuild', '--check', '--purge', '--json'], env)).to.deep.equal({
      place: { kind: 'folder', data: 'here', network: '' },
      action: { ...REBUILD, isCheck: true, purges: true, sea: 'off', nameLength: 77, json: true },
    });
    expect(requestOf(['rebuild', '--sea', 'on', '--name-length', '88'], env).action).to.deep.include({
      sea: 'on',
      nameLength: 88,
    });
  });

  const MISTAKES: [args: string[], reason: RegExp][] = [
    [[], /heads, show/],
    [['head'], /head/],
    [['heads', 'x'], /too many arguments/],
    [['heads', '--author', 'abc'], /--author "abc": must be 64 hex digits/],
    [['heads', '--relay', 'http://a', '--data', 'b'], /not both/],
    [['export', '--json'], /unknown option '--json'/],
    [['import', '--author', AUTHOR], /unknown option/],
    [['blame'], /missing required argument 'soul'/],
    [['blame', 'a', 'b', 'c'], /too many arguments/],
    [['blame', 'a', '--at', 'yesterday'], /--at "yesterday": must be a date/],
    [['show', '--at', '5'], /--at: say of which soul/],
    [['heads', '--port', '5'], /unknown option/],
    [['rebuild', '--relay', 'http://a'], /unknown option/],
    [['rebuild', 'x'], /too many arguments/],
    [['rebuild', '--sea', 'maybe'], /--sea "maybe": must be one of on, off/],
    [['heads', '--purge'], /unknown option/],
    [['heads', '--admin-token', '@missing', '--relay', 'http://a'], /ENOENT/],
  ];
  for (const [args, reason] of MISTAKES) {
    it(`refuse ${args.join(' ') || 'nothing'}`, () => {
      expect(() => requestOf(args))
        .to.throw(reason)
        .with.property('code', 'OPTION_INVALID');
    });
  }

  it('are explained', () => {
    const help = readOptions(['log', 'verify', '--help'], {});
    expect(help.kind === 'print' && help.text)
      .to.include('--relay <url>')
      .and.to.include('--admin-token');
    const all = readOptions(['log', '--help'], {});
    expect(all.kind === 'print' && all.text)
      .to.include('verify')
      .and.to.include('import');
    for (const flag of LOG_FLAGS) expect(flag).to.match(/^--[a-z]+$/);
  });
});
