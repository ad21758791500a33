import type { Value } from './values.ts';

/** What a macro calls the item at hand. The same object wherever the name stands for it. */
export interface Variable {
  readonly name: string;
}

export type MacroName = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

/** Offsets in the source: of the first character and of the one after the last, brackets around it left out. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** An expression, as it was written, with names looked up as far as the text alone says. */
export type Node = Place &
  (
    | { readonly kind: 'literal'; readonly value: Value }
    /** A variable of the environment, such as `request`, or none. */
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'local'; readonly variable: Variable }
    /** `operand.field`, or `operand["field"]`; or whether it is there. */
    | {
        readonly kind: 'select' | 'has';
        readonly operand: Node;
        readonly field: string;
        /** Where the field stands. */
        readonly place: Place;
      }
    /** Operators are called by their sign, `[]` and `in` included. */
    | { readonly kind: 'call'; readonly name: string; readonly isMethod: boolean; readonly args: readonly Node[] }
    | { readonly kind: 'and' | 'or'; readonly left: Node; readonly right: Node }
    | { readonly kind: 'choice'; readonly condition: Node; readonly yes: Node; readonly no: Node }
    | { readonly kind: 'list'; readonly items: readonly Node[] }
    | { readonly kind: 'map'; readonly entries: readonly (readonly [key: Node, value: Node])[] }
    | {
        readonly kind: 'macro';
        readonly name: MacroName;
        readonly range: Node;
        readonly variable: Variable;
        /** Which items `map` takes. */
        readonly filter: Node | undefined;
        readonly step: Node;
      }
  );

/** A node and all below it. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

/** The nodes directly below a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'literal':
    case 'name':
    case 'local':
      return [];
    case 'select':
    case 'has':
      return [node.operand];
    case 'call':
      return node.args;
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'choice':
      return [node.condition, node.yes, node.no];
    case 'list':
      return node.items;
    case 'map':
      return node.entries.flat();
    case 'macro':
      return node.filter ? [node.range, node.filter, node.step] : [node.range, node.step];
    default:
      return node satisfies never;
  }
}
