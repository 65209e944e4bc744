import { expect } from 'chai';
import { AccessToken, gives, tokensIn } from '../../relay/access-token.ts';
import { requestOf } from './request-of.ts';

describe('relay access token', () => {
  it('is itself and nothing else', () => {
    const token = new AccessToken('open sesame');
    expect(token.is('open sesame')).to.equal(true);
    for (const text of ['', 'open', 'open sesame ', 'Open sesame', 'x'.repeat(10_000)]) {
      expect(token.is(text), text).to.equal(false);
    }
  });

  it('comes by header, query or cookie', () => {
    expect(tokensIn(requestOf('::1', { authorization: 'Bearer s3cret-s3cret' }))).to.deep.equal([
      's3cret-s3cret',
    ]);
    expect(tokensIn(requestOf('::1', { authorization: 'bearer   abc ' }))).to.deep.equal(['abc']);
    expect(tokensIn(requestOf('::1', {}, '/gun?x=1&token=a%2Fb'))).to.deep.equal(['a/b']);
    expect(tokensIn(requestOf('::1', { cookie: 'a=1; token=a%2Fb; b=2' }))).to.deep.equal(['a/b']);
    expect(tokensIn(requestOf('::1', { cookie: 'token=100%' }))).to.deep.equal(['100%']);
  });

  it('is looked for in all of them, and nowhere else', () => {
    const headers = { authorization: 'Bearer one', cookie: 'token=three' };
    expect(tokensIn(requestOf('::1', headers, '/gun?token=two'))).to.deep.equal(['one', 'two', 'three']);
    const others = { authorization: 'Basic b25l', cookie: 'mytoken=x; tokens=y', 'x-token': 'z' };
    expect(tokensIn(requestOf('::1', others, '/gun?tokens=a#token=b'))).to.deep.equal([]);
    expect(tokensIn(requestOf('::1', {}, '/gun'))).to.deep.equal([]);
  });

  it('is given by a request that has it in any place', () => {
    const token = new AccessToken('open-sesame');
    const headers = { authorization: 'Bearer wrong', cookie: 'token=open-sesame' };
    expect(gives(requestOf('::1', headers), token)).to.equal(true);
    expect(gives(requestOf('::1', {}, '/gun?token=open'), token)).to.equal(false);
  });
});
