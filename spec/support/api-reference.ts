/** Writes the reference of what packages may import, out of the docstrings: `npm run docs`. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifest, ROOT } from '../house/project.ts';

const TARGET = join(ROOT, 'docs', 'api.md');

/** One thing that can be imported. */
export interface Documented {
  readonly name: string;
  /** Its docstring as text; empty without one. */
  readonly text: string;
  /** Its declaration, with the docstrings of its members. */
  readonly declaration: string;
}

/** One path that can be imported from. */
export interface Door {
  readonly path: string;
  readonly exports: readonly Documented[];
}

/** `export { a, type b } from './file.ts'`, over several lines. */
const REEXPORT = /export\s+(?:type\s+)?\{([^}]*)\}\s+from\s+['"]([^'"]+)['"]/g;
/** `export * as NAME from './file.ts'`. */
const NAMESPACE = /export\s+\*\s+as\s+(\w+)\s+from\s+['"]([^'"]+)['"]/g;
const DECLARATION =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?export (?:declare )?(?:abstract )?(class|function|interface|type|const) (\w+)/g;
const SIMPLE_KINDS: ReadonlySet<string> = new Set(['function', 'type', 'const']);

/** Every door of the package, with what can be imported there. */
export function doors(): Door[] {
  const { name, exports } = manifest();
  return Object.entries(exports).flatMap(([path, conditions]) => {
    const types = typeof conditions === 'string' ? undefined : conditions['types'];
    if (types === undefined) return [];
    return [{ path: `${name}${path.slice(1)}`, exports: exportsOf(join(ROOT, types)) }];
  });
}

/** The reference as Markdown. */
export function apiReference(): string {
  const parts = doors().map(({ path, exports }) => {
    const entries = exports
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ name, text, declaration }) => `### ${name}\n\n${text}\n\n\`\`\`ts\n${declaration}\n\`\`\`\n`);
    return `## ${path}\n\n${entries.join('\n')}`;
  });
  return `# API reference\n\nMade from the docstrings by \`npm run docs\`.\n\n${parts.join('\n')}`;
}

function exportsOf(file: string): Documented[] {
  const text = readFileSync(file, 'utf8');
  const own = declarationsIn(text);
  const others = [...text.matchAll(REEXPORT)].flatMap(([, names = '', from = '']) => {
    const known = exportsFrom(file, from);
    return names
      .split(',')
      .map((item) => item.replace(/\btype\s/, '').trim())
      .filter((item) => item !== '')
      .flatMap((item) => renamed(item, known));
  });
  const spaces = [...text.matchAll(NAMESPACE)].map(([, name = '', from = '']) =>
    namespaceOf(name, exportsFrom(file, from)),
  );
  return [...own, ...others, ...spaces];
}

function exportsFrom(file: string, from: string): Documented[] {
  const source = join(dirname(file), from.replace(/\.(?:ts|js)$/, '.d.ts'));
  return existsSync(source) ? exportsOf(source) : [];
}

/** What is imported as members of one name. */
function namespaceOf(name: string, members: readonly Documented[]): Documented {
  const shownMembers = members.map(({ text, declaration }) => `/** ${text} */\n${declaration}`);
  const names = members.map((member) => `\`${name}.${member.name}\``).join(', ');
  return { name, text: names, declaration: `namespace ${name} {\n${shownMembers.join('\n\n')}\n}` };
}

/** `a`, or `a as b`. */
function renamed(item: string, known: readonly Documented[]): Documented[] {
  const [source = '', name = source] = item.split(/\s+as\s+/);
  return known
    .filter((documented) => documented.name === source)
    .map(({ text, declaration }) => ({
      name,
      text,
      declaration: declaration.replace(new RegExp(`\\b${source}\\b`), name),
    }));
}

function declarationsIn(text: string): Documented[] {
  return [...text.matchAll(DECLARATION)].map((match) => {
    const [whole, comment = '', kind = '', name = ''] = match;
    const start = match.index + whole.lastIndexOf('export');
    const end = endOf(text, match.index + whole.length, SIMPLE_KINDS.has(kind));
    return { name, text: plain(comment), declaration: shown(text.slice(start, end)) };
  });
}

/** Where a declaration ends: behind its outermost brace, or behind the semicolon outside of all braces. */
function endOf(text: string, from: number, isSimple: boolean): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if ('{(['.includes(text[at]!)) depth += 1;
    if ('})]'.includes(text[at]!)) depth -= 1;
    if (depth > 0) continue;
    if (isSimple ? text[at] === ';' : text[at] === '}') return at + 1;
  }
  return text.length;
}

/** Without what only the compiler needs. */
function shown(declaration: string): string {
  return declaration
    .replace(/^export (?:declare )?/, '')
    .split('\n')
    .filter((line) => !/^\s*#private;|^\s*private /.test(line))
    .join('\n');
}

/** A docstring without its stars. */
function plain(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, ''))
    .join('\n')
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(dirname(TARGET), { recursive: true });
  await writeFile(TARGET, apiReference());
  console.log(TARGET);
}
