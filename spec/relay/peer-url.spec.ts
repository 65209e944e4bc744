import { expect } from 'chai';
import { peerLabel, toLogUrl, toPeerUrl } from '../../relay/peer-url.ts';

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
