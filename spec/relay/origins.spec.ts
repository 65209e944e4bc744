import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';
import { Origins } from '../../relay/origins.ts';

describe('relay origins', () => {
  it('allow every origin with a star', () => {
    const origins = new Origins({ origins: ['*'], missingOrigin: 'allow' });
    for (const origin of ['https://any.example', 'null', 'nonsense', '']) {
      expect(origins.allow(origin), origin).to.equal(true);
    }
    expect(origins.allow(undefined)).to.equal(true);
  });

  it('allow those listed, in any spelling of the list', () => {
    const list = ['https://App.example/', 'http://localhost:3000', 'https://other.example:443', 'null'];
    const origins = new Origins({ origins: list, missingOrigin: 'allow' });
    for (const origin of ['https://app.example', 'http://localhost:3000', 'https://other.example', 'null']) {
      expect(origins.allow(origin), origin).to.equal(true);
    }
    for (const origin of [
      'http://app.example',
      'https://app.example:8443',
      'https://app.example.evil.example',
      'https://evil.example/?https://app.example',
      '',
    ]) {
      expect(origins.allow(origin), origin).to.equal(false);
    }
  });

  it('allow nobody with an empty list', () => {
    expect(new Origins({ origins: [], missingOrigin: 'allow' }).allow('https://app.example')).to.equal(false);
  });

  it('leave those without an origin to an option', () => {
    const list = ['https://app.example'];
    expect(new Origins({ origins: list, missingOrigin: 'allow' }).allow(undefined)).to.equal(true);
    expect(new Origins({ origins: list, missingOrigin: 'refuse' }).allow(undefined)).to.equal(false);
  });

  it('refuse a list with something else in it', () => {
    for (const text of [
      'app.example',
      'https://app.example/path',
      'https://app.example/?x',
      'https://',
      'https://*.example',
      'https://user@app.example',
      'https://app.example/#top',
    ]) {
      const make = (): Origins => new Origins({ origins: [text], missingOrigin: 'allow' });
      expect(make, text).to.throw(GraphError, `--origins "${text}"`);
    }
  });
});
