import { type Compiled, failuresByKind, type Run } from './compiled.ts';
import type { Compiler } from './compiler.ts';
import { kindOf } from './kinds.ts';
import { pay } from './meter.ts';
import type { Node } from './tree.ts';
import { BOOL, joined, type Type, toText } from './types.ts';
import { Failed } from './values.ts';

/** `a && b`, `a || b`: one side that decides is enough, whatever becomes of the other. */
export function compileLogic(compiler: Compiler, node: Extract<Node, { kind: 'and' | 'or' }>): Compiled {
  const sign = node.kind === 'and' ? '&&' : '||';
  const left = boolOperand(compiler, node.left, sign);
  const right = boolOperand(compiler, node.right, sign);
  const decisive = node.kind === 'or';
  return {
    type: BOOL,
    run: () => {
      pay(1);
      const a = left();
      if (a === decisive) return decisive;
      const b = right();
      if (b === decisive) return decisive;
      return a instanceof Failed ? a : b;
    },
  };
}

/** `condition ? yes : no`. */
export function compileChoice(compiler: Compiler, node: Extract<Node, { kind: 'choice' }>): Compiled {
  const condition = boolOperand(compiler, node.condition, '?:');
  const yes = compiler.compile(node.yes);
  const no = compiler.compile(node.no);
  const type = joined(yes.type, no.type);
  if (!type)
    throw compiler.refuse(
      node,
      `Both answers of ?: have to be of one type, not ${toText(yes.type)} and ${toText(no.type)}.`,
    );
  return {
    type,
    run: () => {
      pay(1);
      const met = condition();
      if (met === true) return yes.run();
      return met === false ? no.run() : met;
    },
  };
}

/** What has to be a bool: gives one, or an error. */
export function boolOperand(compiler: Compiler, node: Node, what: string): () => boolean | Failed {
  const { type, run } = compiler.compile(node);
  if (!isBoolOrUnknown(type)) throw compiler.refuse(node, `${what} takes a bool here, not ${toText(type)}.`);
  if (type.kind === 'bool') return run as () => boolean | Failed;
  return checked(run, what);
}

function checked(run: Run, what: string): () => boolean | Failed {
  const failures = failuresByKind((kind) => `${what} takes a bool, not ${kind}`);
  return () => {
    const value = run();
    return typeof value === 'boolean' || value instanceof Failed ? value : failures(kindOf(value));
  };
}

function isBoolOrUnknown({ kind }: Type): boolean {
  return kind === 'bool' || kind === 'dyn';
}
