import type { ASTNode } from '@marcbachmann/cel-js';
import { ConditionError } from './condition-error.ts';
import { isInTimeZone, wrongLiteral } from './condition-literals.ts';
import { callOf, childrenOf, literalOf, nodesOf } from './condition-tree.ts';

/** What could make a short condition run for long or take much memory, and what to say to someone who tries it. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['matches', 'Regular expressions are not available: use startsWith, endsWith, contains or in.'],
  ['bind', 'cel.bind is not available.'],
  ['map', 'map is not available: use exists, all or filter with what it would make.'],
  ['join', 'join is not available.'],
  ['json', 'json is not available: give the value in the context.'],
]);
/** Most that a condition may do with `context` and `resource` once more for each item of a list; see `repeatedBy`. */
const REPEATED_MAX = 8;
/** Most searches for a text that is not written down. */
const SEARCHES_MAX = 4;
const SEARCHES: ReadonlySet<string> = new Set(['contains', 'indexOf', 'lastIndexOf', 'split']);
/** Operators that take the same short time whatever they are given. */
const CHEAP: ReadonlySet<string> = new Set(['id', 'value', '.', '[]', '&&', '||', '!_', '?:']);

/**
 * Throws ConditionError for what could cost more than a condition may. A list that comes with a question may hold a
 * thousand items, and a text thousands of characters: work may grow with the size of one of them, and in a few places
 * with the product of two, but never further.
 */
export function checkShape(ast: ASTNode): void {
  const count = { repeated: 0, searches: 0 };
  for (const node of nodesOf(ast)) {
    checkNode(node);
    if (isSearch(node)) count.searches += 1;
    if (count.searches > SEARCHES_MAX) {
      throw refusal(node, `At most ${SEARCHES_MAX} searches can be for a text that is not written down.`);
    }
    const call = callOf(node);
    if (!call?.isMacro) continue;
    if (childrenOf(node).some(holdsMacro)) {
      throw refusal(node, 'Macros do not nest.');
    }
    for (const inside of call.args.flatMap((part) => [...nodesOf(part)])) count.repeated += repeatedBy(inside);
    if (count.repeated > REPEATED_MAX) {
      throw refusal(node, `What ${call.name} repeats looks at context and resource too often.`);
    }
  }
}

function checkNode(node: ASTNode): void {
  // The library knows the word and would fail at it only when the condition is evaluated.
  if (node.op === 'id' && node.args === 'optional') throw refusal(node, 'Optional values are not available: use has.');
  const call = callOf(node);
  if (!call) return;
  const why = REFUSED.get(call.name) ?? wrongLiteral(call);
  if (why !== undefined) throw refusal(node, why);
}

function holdsMacro(node: ASTNode): boolean {
  for (const each of nodesOf(node)) if (callOf(each)?.isMacro) return true;
  return false;
}

function isSearch(node: ASTNode): boolean {
  const call = callOf(node);
  return call !== undefined && SEARCHES.has(call.name) && literalOf(call.args[0]) === undefined;
}

/**
 * How much a node adds to the work for each item: one for a mention of what came with the question, one for an operation
 * on what mentions it.
 */
function repeatedBy(node: ASTNode): number {
  const call = callOf(node);
  if (call && isInTimeZone(call)) throw refusal(node, 'Time zones are not available inside of macros.');
  if (isMention(node)) return 1;
  return CHEAP.has(node.op) || call?.name === 'has' || !mentions(node) ? 0 : 1;
}

function isMention(node: ASTNode): boolean {
  return node.op === 'id' && (node.args === 'context' || node.args === 'resource');
}

function mentions(node: ASTNode): boolean {
  for (const each of nodesOf(node)) if (isMention(each)) return true;
  return false;
}

function refusal(node: ASTNode, why: string): ConditionError {
  return new ConditionError(why, node.start, node.end);
}
