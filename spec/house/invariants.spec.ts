import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readProjectFile, ROOT } from './project.ts';
import { codeOf, readmeTable } from './readme.ts';

/** A cell such as `` `spec/lib/store/writer.spec.ts` "acknowledges after the commit" ``. */
const SPEC_CELL = /^`(spec\/[^`]+\.spec\.ts)` "(.+)"$/;

describe('invariants', () => {
  it('name a rule, the file that keeps it and the spec that fails without it', () => {
    const rows = readmeTable('Invariants');
    expect(rows.length).to.be.greaterThan(5);
    for (const [rule, file, spec] of rows) {
      expect(rule).to.be.a('string').and.not.equal('');
      expect(existsSync(join(ROOT, codeOf(file ?? ''))), `${rule}: ${file}`).to.equal(true);
      const [, path = '', title = ''] = SPEC_CELL.exec(spec ?? '') ?? [];
      expect(path, `${rule}: ${spec}`).to.not.equal('');
      expect(existsSync(join(ROOT, path)), `${rule}: ${path}`).to.equal(true);
      expect(readProjectFile(path), `${rule}: ${path}`).to.contain(title);
    }
  });
});
