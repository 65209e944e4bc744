import { expect } from 'chai';
import { Access, type Permission } from '../../relay/access.ts';
import { requestOf } from './request-of.ts';

function permission(readToken: string, writeToken: string, given: string): Permission {
  return new Access({ readToken, writeToken }).of(requestOf('::1', {}, `/gun?token=${given}`));
}

describe('relay access', () => {
  it('is open to all without tokens', () => {
    expect(permission('', '', '')).to.deep.equal({ mayRead: true, mayWrite: true });
  });

  it('needs the read token for both when there is no other', () => {
    expect(permission('readers', '', 'readers')).to.deep.equal({ mayRead: true, mayWrite: true });
    expect(permission('readers', '', 'wrong')).to.deep.equal({ mayRead: false, mayWrite: false });
    expect(permission('readers', '', '')).to.deep.equal({ mayRead: false, mayWrite: false });
  });

  it('needs the write token for writing alone when there is no other', () => {
    expect(permission('', 'writers', 'writers')).to.deep.equal({ mayRead: true, mayWrite: true });
    expect(permission('', 'writers', '')).to.deep.equal({ mayRead: true, mayWrite: false });
  });

  it('lets readers read, and writers do both', () => {
    expect(permission('readers', 'writers', 'readers')).to.deep.equal({ mayRead: true, mayWrite: false });
    expect(permission('readers', 'writers', 'writers')).to.deep.equal({ mayRead: true, mayWrite: true });
    expect(permission('readers', 'writers', 'wrong')).to.deep.equal({ mayRead: false, mayWrite: false });
  });
});
