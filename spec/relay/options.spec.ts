import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { GraphError } from '../../lib/base/errors.ts';
import { assertWhole, readOptions, type Environment } from '../../relay/options.ts';
import { DEFAULT_OPTIONS, OPTION_TABLE, type RelayOptions } from '../../relay/option-table.ts';
import { VERSION } from '../../relay/version.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

function run(args: string[], env: Environment = {}): RelayOptions {
  const request = readOptions(args, env);
  if (request.kind !== 'run') throw new Error(`no relay, but: ${request.kind}`);
  return request.options;
}

function print(args: string[]): string {
  const request = readOptions(args, {});
  if (request.kind !== 'print') throw new Error('nothing printed');
  return request.text;
}

function refusal(args: string[], env: Environment = {}): string {
  try {
    readOptions(args, env);
  } catch (error) {
    expect(error).to.be.instanceOf(GraphError).with.property('code', 'OPTION_INVALID');
    return (error as GraphError).message;
  }
  throw new Error(`${args.join(' ')} was taken`);
}

describe('relay options', () => {
  const folder = temporaryFolders();

  it('are the defaults when nobody says anything', () => {
    expect(run([])).to.deep.equal(DEFAULT_OPTIONS);
    expect(run([]).port).to.equal(8765);
    expect(run([]).data).to.equal('./data');
    expect(run([]).durability).to.equal('fsync');
  });

  it('take the port from PORT, over it from the first argument, as a gun relay is started', () => {
    expect(run([], { PORT: '9000' }).port).to.equal(9000);
    expect(run(['9001'], { PORT: '9000' }).port).to.equal(9001);
    expect(run(['--port', '9002'], { PORT: '9000' }).port).to.equal(9002);
    expect(refusal(['9001', '--port', '9002'])).to.contain('port once');
  });

  it('take peers from PEERS, over it from --peers, and make websocket URLs of them', () => {
    const env = { PEERS: 'http://one.example/gun, wss://two.example:8765' };
    expect(run([], env).peers).to.deep.equal(['ws://one.example/gun', 'wss://two.example:8765/gun']);
    expect(run(['--peers', 'https://three.example'], env).peers).to.deep.equal(['wss://three.example/gun']);
    expect(run(['--peers', 'ws://a.example', '--peers', 'ws://b.example'], env).peers).to.have.length(2);
    expect(run([], { PEERS: '' }).peers).to.deep.equal([]);
  });

  it('take every limit from its flag and from its variable, the flag first', () => {
    for (const row of OPTION_TABLE.filter(({ isLimit }) => isLimit)) {
      if (row.values.kind !== 'integer') throw new Error(`${row.name} is no integer`);
      const name = row.name as keyof typeof DEFAULT_LIMITS;
      const { min, max } = row.values;
      expect(run([], { [row.env]: String(max) }).limits, row.env).to.deep.equal({
        ...DEFAULT_LIMITS,
        [name]: max,
      });
      expect(run([row.flag, String(min)], { [row.env]: String(max) }).limits[name], row.flag).to.equal(min);
    }
  });

  it('refuse what lies outside the range or is no whole number, naming where it came from', () => {
    for (const text of ['-1', '65536', '80.5', '0x50', 'abc', '1e3', '99999999999999999999']) {
      expect(refusal([], { PORT: text }), text).to.contain(
        `PORT "${text}": must be a whole number from 0 to 65535`,
      );
    }
    expect(refusal(['--frame-bytes', '5'])).to.contain(
      '--frame-bytes "5": must be a whole number from 1024 to',
    );
    expect(refusal(['--durability', 'maybe'])).to.contain('--durability "maybe": must be one of fsync, os');
    expect(refusal(['--data', ''])).to.contain('--data');
    expect(refusal(['--peers', 'relay.example:8765'])).to.contain('http, https, ws or wss URL');
    expect(refusal([], { PEERS: 'https://a.example/gun,b.example/gun?token=s3cret' })).to.not.contain(
      's3cret',
    );
  });

  it('refuse unknown flags, missing values and further arguments in one line', () => {
    expect(refusal(['--frame-byte', '5'])).to.match(/unknown option '--frame-byte'.*--frame-bytes/);
    expect(refusal(['--data'])).to.contain('argument missing');
    expect(refusal(['8765', 'more'])).to.contain('too many arguments');
    for (const args of [['--frame-byte'], ['--data'], ['1', '2']]) expect(refusal(args)).to.not.contain('\n');
  });

  it('treat an empty variable as one that is not set', () => {
    const env = Object.fromEntries(OPTION_TABLE.map((row) => [row.env, '']));
    expect(run([], env)).to.deep.equal(DEFAULT_OPTIONS);
  });

  it('want key and certificate together', () => {
    expect(refusal(['--https-key', 'key.pem'])).to.contain('give both or none');
    expect(refusal([], { HTTPS_CERT: 'cert.pem' })).to.contain('give both or none');
    const env = { HTTPS_KEY: 'key.pem', HTTPS_CERT: 'cert.pem' };
    expect(run([], env)).to.include({ httpsKey: 'key.pem', httpsCert: 'cert.pem' });
    expect(() => assertWhole({ ...DEFAULT_OPTIONS, httpsKey: 'key.pem' })).to.throw(GraphError);
  });

  it('take lists of addresses and origins, and refuse what is none', () => {
    const options = run(['--trust-proxy', '10.0.0.0/8, ::1', '--trust-proxy', '192.0.2.7'], {
      THICKET_ORIGINS: 'https://app.example,http://localhost:3000',
    });
    expect(options.trustProxy).to.deep.equal(['10.0.0.0/8', '::1', '192.0.2.7']);
    expect(options.origins).to.deep.equal(['https://app.example', 'http://localhost:3000']);
    expect(run(['--exempt', '']).exempt).to.deep.equal([]);
    expect(refusal(['--trust-proxy', 'proxy.example'])).to.contain('--trust-proxy "proxy.example"');
    expect(refusal(['--exempt', '10.0.0.0/99'])).to.contain('--exempt "10.0.0.0/99"');
    expect(refusal([], { THICKET_ORIGINS: 'app.example' })).to.contain('--origins "app.example"');
  });

  it('take every bound of the relay from its flag and from its variable, the flag first', () => {
    const bounds = OPTION_TABLE.filter(({ isLimit, values }) => !isLimit && values.kind === 'integer');
    expect(bounds.length).to.be.greaterThan(10);
    for (const row of bounds) {
      if (row.values.kind !== 'integer') continue;
      const { min, max } = row.values;
      expect(run([], { [row.env]: String(max) }), row.env).to.have.property(row.name, max);
      expect(run([row.flag, String(min)], { [row.env]: String(max) }), row.flag).to.have.property(
        row.name,
        min,
      );
    }
  });

  it('take tokens as they are or from a file, and never show them', async () => {
    const file = join(await folder(), 'token');
    await writeFile(file, 'open-sesame\n');
    expect(run(['--read-token', 'open-sesame']).readToken).to.equal('open-sesame');
    expect(run([], { THICKET_WRITE_TOKEN: `@${file}` }).writeToken).to.equal('open-sesame');
    expect(refusal(['--write-token', '@/nowhere/token'])).to.contain('--write-token @/nowhere/token');
    await writeFile(file, '\n');
    expect(refusal(['--write-token', `@${file}`])).to.contain('the file is empty');
    // As shells make it of a variable that is not set; nobody would need a token then.
    expect(refusal(['--write-token', ''])).to.contain('--write-token');
    for (const token of ['short', 'with space in it', 'ümlaut-token', 'x'.repeat(1025)]) {
      const reason = refusal(['--read-token', token]);
      expect(reason, token).to.contain('--read-token').and.to.not.contain(token);
    }
  });

  it('switch with a flag alone, and with a word in the environment', () => {
    expect(run(['--examples', '9000'])).to.include({ examples: true, port: 9000 });
    expect(run([], { THICKET_EXAMPLES: 'on' }).examples).to.equal(true);
    expect(run([], { THICKET_EXAMPLES: 'off' }).examples).to.equal(false);
    expect(refusal([], { THICKET_EXAMPLES: 'yes' })).to.contain('on or off');
  });

  it('print help that names every flag with variable, unit, default and range', () => {
    const help = print(['--help']).replaceAll(/\s+/g, ' ');
    for (const row of OPTION_TABLE) {
      expect(help).to.contain(row.values.kind === 'switch' ? row.flag : `${row.flag} <${row.unit}>`);
      expect(help).to.contain(`env: ${row.env}`);
      expect(help, row.flag).to.contain(`(default: ${row.defaultText || 'none'}`);
      expect(help, row.flag).to.contain(row.rangeText);
    }
  });

  it('print the version', () => {
    expect(print(['--version']).trim()).to.equal(VERSION);
  });

  it('reads check and repair, with the folder as the relay takes it', () => {
    expect(readOptions(['check'], {})).to.deep.equal({ kind: 'check', data: './data' });
    expect(readOptions(['check'], { THICKET_DATA: 'a' })).to.deep.equal({ kind: 'check', data: 'a' });
    for (const args of [
      ['check', '--data', 'b'],
      ['--data', 'b', 'check'],
    ]) {
      expect(readOptions(args, { THICKET_DATA: 'a' })).to.deep.equal({ kind: 'check', data: 'b' });
    }
    expect(readOptions(['repair', '--data', 'b'], {})).to.deep.equal({
      kind: 'repair',
      data: 'b',
      backup: true,
    });
    expect(readOptions(['repair', '--no-backup'], {})).to.include({ kind: 'repair', backup: false });
    expect(print(['--help']))
      .to.contain('check')
      .and.to.contain('repair');
    expect(print(['check', '--help']))
      .to.contain('--data')
      .and.to.contain('THICKET_DATA');
    expect(print(['repair', '--help'])).to.contain('--no-backup');
    expect(refusal(['check', '--port', '5'])).to.contain('--port');
    expect(refusal(['repair', 'more'])).to.contain('repair');
  });
});
