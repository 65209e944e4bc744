import { expect } from 'chai';
import { peerLabel, toLogUrl, toPeerUrl, toPeerUrls } from '../../relay/peer-url.ts';

describe('peer URLs', () => {
  it('become websocket URLs with the path of the graph', () => {
    const cases: [string, string][] = [
      ['http://relay.example/gun', 'ws://relay.example/gun'],
      ['https://relay.example', 'wss://relay.example/gun'],
      ['https://relay.example/', 'wss://relay.example/gun'],
      ['ws://127.0.0.1:8765/gun', 'ws://127.0.0.1:8765/gun'],
      ['wss://relay.example:444/base/gun?token=1#part', 'wss://relay.example:444/base/gun?token=1'],
      ['HTTP://Relay.Example', 'ws://relay.example/gun'],
      ['http://[::1]:8765', 'ws://[::1]:8765/gun'],
    ];
    for (const [text, url] of cases) expect(toPeerUrl(text)).to.equal(url);
  });

  it('are refused when they cannot be dialled', () => {
    for (const text of [
      '',
      'relay.example',
      'relay.example:8765/gun',
      'ftp://relay.example',
      'http://',
      '/gun',
      'file:///gun',
    ]) {
      expect(() => toPeerUrl(text), text).to.throw('must be a http, https, ws or wss URL');
    }
  });

  it('are refused with scheme, host and path, and nothing of what may be secret', () => {
    const cases: [text: string, shown: string][] = [
      ['relay.example:8765/gun', 'relay.example:8765/gun'],
      ['ftp://relay.example:21/gun', 'ftp://relay.example:21/gun'],
      ['relay.example:8765/gun?token=s3cret', 'relay.example:8765/gun'],
      ['htps://relay.example/gun?token=s3cret#s3cret', 'htps://relay.example/gun'],
      ['ftp://user:s3cret@relay.example/gun', 'ftp://relay.example/gun'],
      ['user:s3cret@relay.example', 'relay.example'],
      ['https://user:s3cret?s3cret@relay.example/', 'https://…'],
      ['ftp://user:s3@cret#s3cret@relay.example/', 'ftp://…'],
      ['https://relay.example:s3cret/gun', 'https://relay.example:…/gun'],
      ['mailto:s3cret', 'mailto:…'],
      ['http://', 'http://'],
      ['', ''],
    ];
    for (const [text, shown] of cases) {
      const reason = `peer ${shown}: must be a http, https, ws or wss URL`;
      expect(() => toPeerUrl(text), text)
        .to.throw(reason)
        .with.property('code', 'OPTION_INVALID');
    }
  });

  it('come in lists, of which nothing is shown that may be the rest of a token', () => {
    expect(toPeerUrls(' http://a.example , ,wss://b.example/gun?token=x%2Cy,')).to.deep.equal([
      'ws://a.example/gun',
      'wss://b.example/gun?token=x%2Cy',
    ]);
    expect(toPeerUrls(' ')).to.deep.equal([]);
    for (const text of ['http://a.example/gun?token=x,s3cret', 'https://user:80,s3cret,s3cret@a.example']) {
      expect(() => toPeerUrls(text), text)
        .to.throw('peer …: must be a http, https, ws or wss URL; a comma within one is written %2C')
        .with.property('message')
        .that.does.not.contain('s3cret');
    }
    expect(() => toPeerUrls('a.example,http://b.example')).to.throw('peer a.example: must be');
  });

  it('have logs beside the graph', () => {
    expect(toLogUrl('ws://relay.example/gun')).to.equal('ws://relay.example/log');
    expect(toLogUrl('wss://u:p@relay.example/base/gun?token=1')).to.equal(
      'wss://u:p@relay.example/base/log?token=1',
    );
    expect(toLogUrl('ws://relay.example/elsewhere')).to.equal(undefined);
  });

  it('are shown without what may be secret', () => {
    const label = 'wss://relay.example:8765/gun';
    expect(peerLabel('https://user:pass@relay.example:8765/gun?token=secret#x')).to.equal(label);
    expect(peerLabel('https://relay.example:8765')).to.equal(label);
  });
});
