import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { aboutRelay } from '../../relay/about.ts';
import { DEFAULT_OPTIONS } from '../../relay/option-table.ts';
import { BOUND_NAMES } from '../../relay/relay-bounds.ts';
import { VERSION } from '../../relay/version.ts';

/** Who may do what with these tokens. */
function access(readToken: string, writeToken: string): unknown {
  return aboutRelay({ ...DEFAULT_OPTIONS, readToken, writeToken }).access;
}

describe('relay about', () => {
  it('names version, path and every bound with its value', () => {
    const about = aboutRelay({ ...DEFAULT_OPTIONS, connections: 5 });
    expect(about).to.include({ name: 'thicket', version: VERSION, websocket: '/gun' });
    expect(about.limits).to.include({ ...DEFAULT_LIMITS, connections: 5, peerMessages: 20_000 });
    expect(about.limits).to.have.all.keys(...Object.keys(DEFAULT_LIMITS), ...BOUND_NAMES);
  });

  it('says who may read and write', () => {
    expect(access('', '')).to.deep.equal({ read: 'all', write: 'all' });
    expect(access('', 'w')).to.deep.equal({ read: 'all', write: 'token' });
    expect(access('r', '')).to.deep.equal({ read: 'token', write: 'token' });
  });

  it('has no secrets and no paths in it', () => {
    const secrets = {
      readToken: 'secret-r',
      writeToken: 'secret-w',
      adminToken: 'secret-a',
      data: '/secret-folder',
      peers: ['wss://secret.example/gun?token=secret'],
    };
    expect(JSON.stringify(aboutRelay({ ...DEFAULT_OPTIONS, ...secrets }))).to.not.contain('secret');
  });
});
