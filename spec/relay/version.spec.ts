import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { VERSION } from '../../relay/version.ts';

describe('relay version', () => {
  it('is that of the package', () => {
    const manifest = new URL('../../../package.json', import.meta.url);
    expect(VERSION).to.equal((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version);
  });
});
