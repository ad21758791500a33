import type { Problem } from './problem.ts';
import { findText, listFiles } from './source-tree.ts';

/** A longer file does more than one job, unless its first line says why it does not. */
const SOURCE_MAX_LINES = 200;

/** A recipe that is longer than this hides a decision that belongs in a layer. */
const MAIN_MAX_LINES = 40;

/** Checks that source files are short, or begin with the reason why not. Tests and generated files may be long. */
export async function checkLengths(root: string): Promise<Problem[]> {
  const sources = (await listFiles(root)).filter((file) => /\.[cm]?[jt]s$/.test(file) && !isTest(file));
  const problems = await Promise.all(sources.map((file) => checkLength(root, file)));
  return problems.flat();
}

/** Checks that the main.ts of a service is a recipe that a screen holds. */
export async function checkMainLength(root: string, file: string): Promise<Problem[]> {
  const lines = countLines((await findText(root, file)) ?? '');
  return lines <= MAIN_MAX_LINES
    ? []
    : [{ file, message: `has ${lines} lines; a recipe has ${MAIN_MAX_LINES} at most` }];
}

async function checkLength(root: string, file: string): Promise<Problem[]> {
  const text = (await findText(root, file)) ?? '';
  const lines = countLines(text);
  if (lines <= SOURCE_MAX_LINES || /^(?:#!.*\n)?\/\/ Long because .+\.\n/.test(text)) return [];
  return [{ file, message: `has ${lines} lines; over ${SOURCE_MAX_LINES} it begins with "// Long because <reason>."` }];
}

function isTest(file: string): boolean {
  return /\.test\.[cm]?[jt]s$/.test(file) || /(?:^|\/)test\//.test(file);
}

/** Lines of a text; the end of the last line is not another line. */
function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}
