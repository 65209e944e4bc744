/** The README as data: its tables and its code blocks. */
import { readProjectFile } from './project.ts';

/** A fenced block: `lang` and `marks` are the words after the fence. */
export interface CodeBlock {
  readonly language: string;
  readonly marks: readonly string[];
  readonly code: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
}

/** The README's text. */
export function readmeText(): string {
  return readProjectFile('README.md');
}

/**
 * The rows of the first table below a heading, without its head; cells are trimmed.
 *
 * @throws Error when there is no such heading or no table before the next one
 */
export function readmeTable(heading: string): string[][] {
  const lines = readmeText().split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').trim() === heading);
  if (start < 0) throw new Error(`README.md has no heading "${heading}"`);
  const section = lines.slice(start + 1);
  const end = section.findIndex((line) => /^#+ /.test(line));
  const rows = section.slice(0, end < 0 ? undefined : end).filter((line) => line.startsWith('|'));
  if (rows.length < 3) throw new Error(`README.md has no table below "${heading}"`);
  return rows.slice(2).map(cellsOf);
}

function cellsOf(row: string): string[] {
  return row
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The text between the first pair of backticks of a cell, or the cell itself. */
export function codeOf(cell: string): string {
  return /`([^`]*)`/.exec(cell)?.[1] ?? cell;
}

/** Every fenced block. */
export function readmeBlocks(): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; marks: string[]; line: number; code: string[] } | undefined;
  for (const [index, text] of readmeText().split('\n').entries()) {
    const fence = /^```(.*)$/.exec(text);
    if (fence === null) open?.code.push(text);
    else if (open === undefined) {
      const [language = '', ...marks] = fence[1]!.trim().split(/\s+/);
      open = { language, marks, line: index + 1, code: [] };
    } else {
      blocks.push({ ...open, code: `${open.code.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
}
