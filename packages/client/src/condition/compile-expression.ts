import { asked, wholeRequest } from './asked.ts';
import { compileCall } from './compile-call.ts';
import { compileEquality, compileOrder } from './compile-comparison.ts';
import { compileHas, compileSelect } from './compile-field.ts';
import { compileList, compileLiteral, compileMap } from './compile-literal.ts';
import { compileChoice, compileLogic } from './compile-logic.ts';
import { compileIndex, compileMembership } from './compile-lookup.ts';
import { compileMacro } from './compile-macro.ts';
import type { Compiled } from './compiled.ts';
import type { Compiler, Slot } from './compiler.ts';
import { ConditionError } from './condition-error.ts';
import type { Node, Variable } from './tree.ts';
import { JSON_MAP } from './types.ts';
import type { JsonObject } from './values.ts';

/** An expression that is ready to run, and where its macros keep what they are at. */
export interface Program extends Compiled {
  readonly slots: readonly Slot[];
}

/** Finds the type of each part, and what to run for it, from the leaves up. Throws ConditionError. */
export function compileExpression(root: Node, source: string): Program {
  const slots = new Map<Variable, Slot>();
  const compiler: Compiler = {
    source,
    slots,
    compile: (node) => compileNode(compiler, node),
    refuse: ({ start, end }, why) => new ConditionError(why, source, start, end),
  };
  return { ...compiler.compile(root), slots: [...slots.values()] };
}

function compileNode(compiler: Compiler, node: Node): Compiled {
  switch (node.kind) {
    case 'literal':
      return compileLiteral(node);
    case 'name':
      return compileName(compiler, node);
    case 'local':
      return compileLocal(compiler, node);
    case 'select':
      return compileSelect(compiler, node);
    case 'has':
      return compileHas(compiler, node);
    case 'call':
      return (OPERATORS.get(node.name) ?? compileCall)(compiler, node);
    case 'and':
    case 'or':
      return compileLogic(compiler, node);
    case 'choice':
      return compileChoice(compiler, node);
    case 'list':
      return compileList(compiler, node);
    case 'map':
      return compileMap(compiler, node);
    case 'macro':
      return compileMacro(compiler, node);
    default:
      return node satisfies never;
  }
}

/** Operators whose operands are compared, or looked for, whatever their types. The others are functions with a sign for a name. */
const OPERATORS: ReadonlyMap<string, typeof compileCall> = new Map([
  ['==', compileEquality],
  ['!=', compileEquality],
  ['<', compileOrder],
  ['<=', compileOrder],
  ['>', compileOrder],
  ['>=', compileOrder],
  ['in', compileMembership],
  ['[]', compileIndex],
]);

function compileName(compiler: Compiler, node: Extract<Node, { kind: 'name' }>): Compiled {
  switch (node.name) {
    case 'context':
      return { type: JSON_MAP, run: () => asked.input.attributes as JsonObject };
    case 'resource':
      return { type: JSON_MAP, run: () => asked.input.resourceAttributes as JsonObject };
    case 'request':
      return { type: JSON_MAP, run: wholeRequest };
    default:
      throw compiler.refuse(node, `Unknown variable: ${node.name}. There are request, resource and context.`);
  }
}

function compileLocal({ slots }: Compiler, { variable }: Extract<Node, { kind: 'local' }>): Compiled {
  const slot = slots.get(variable);
  if (!slot) throw new Error(`${variable.name} is used outside of its macro`);
  return { type: slot.type, run: () => slot.value };
}
