import { expect } from 'chai';
import { apiReference, doors } from '../support/api-reference.ts';

describe('API reference', () => {
  it('has every name that can be imported, with its docstring and its declaration', async () => {
    for (const { path, exports } of doors()) {
      const door = (await import(path)) as Record<string, unknown>;
      const names = new Set(exports.map(({ name }) => name));
      // Other names that gun's function has as the whole of its package.
      const aliases = path.endsWith('/gun') ? ['default', 'module.exports'] : [];
      expect(
        Object.keys(door).filter((name) => !names.has(name) && !aliases.includes(name)),
        path,
      ).to.deep.equal([]);
      for (const { name, text, declaration } of exports) {
        expect(text, `${path} ${name}`).to.not.equal('');
        expect(declaration, `${path} ${name}`).to.contain(name);
      }
    }
  });

  it('tells apps how to use a graph', () => {
    const reference = apiReference();
    expect(reference).to.match(
      /## thicket\n[\s\S]*### createGraph\n\nA graph: alone, offline, or with any number of peers/,
    );
    expect(reference).to.contain('once(options?: WaitOptions): Promise<Found<Snapshot<T>>>;');
    expect(reference).to.match(/### SEA\n[\s\S]*`SEA\.SeaChecker`/);
    expect(reference).to.not.contain('#private');
  });
});
