import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findGun, gunLibFile } from '../../relay/gun-files.ts';

describe('relay gun files', () => {
  it('are those of the installed gun package', () => {
    const root = findGun();
    expect(root).to.be.a('string');
    for (const file of ['gun.js', 'sea.js', join('lib', 'radix.js')]) {
      expect(existsSync(join(root!, file)), file).to.equal(true);
    }
  });

  it('are script names directly below lib', () => {
    expect(gunLibFile('radix.js')).to.equal(join('lib', 'radix.js'));
    expect(gunLibFile('les.min.js')).to.equal(join('lib', 'les.min.js'));
    const refused = [
      '',
      '.js',
      '..js',
      '../gun.js',
      'a/b.js',
      'a\\b.js',
      'radix.ts',
      'radix.js.map',
      '.hidden.js',
      'a..js',
      'radix.js\0',
    ];
    for (const name of refused) expect(gunLibFile(name), name).to.equal(undefined);
  });
});
