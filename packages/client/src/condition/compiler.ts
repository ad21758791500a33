import type { Compiled } from './compiled.ts';
import type { ConditionError } from './condition-error.ts';
import type { Node, Place, Variable } from './tree.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** Where a macro puts the item at hand, and the step finds it. */
export interface Slot {
  readonly type: Type;
  value: Value;
}

/** What the parts of a compilation share. */
export interface Compiler {
  readonly source: string;
  readonly slots: Map<Variable, Slot>;
  /** Throws ConditionError. */
  compile(node: Node): Compiled;
  refuse(place: Place, why: string): ConditionError;
}

/** Both sides of an operator. */
export function compileOperands(
  compiler: Compiler,
  node: Extract<Node, { kind: 'call' }>,
): readonly [left: Compiled, right: Compiled] {
  const [left, right] = node.args;
  if (!left || !right) throw compiler.refuse(node, `${node.name} takes two operands.`);
  return [compiler.compile(left), compiler.compile(right)];
}
