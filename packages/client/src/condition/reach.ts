import { childrenOf, type Node } from './tree.ts';

/** What a question may leave open: which permission is meant, or which resource. */
export type OpenFact = 'permission' | 'resource';

/**
 * Which of them the expression mentions. `request` as a whole counts as both: it may say so of a condition that does not care,
 * and never misses one that does.
 */
export function openFactsOf(root: Node): ReadonlySet<OpenFact> {
  const found = new Set<OpenFact>();
  const visit = (node: Node): void => {
    if (node.kind === 'name' && node.name === 'resource') found.add('resource');
    if (node.kind === 'name' && node.name === 'request') found.add('permission').add('resource');
    if (isField(node)) {
      if (node.field === 'permission' || node.field === 'resource') found.add(node.field);
      return;
    }
    childrenOf(node).forEach(visit);
  };
  visit(root);
  return found;
}

/** `request.ip`. */
function isField(node: Node): node is Extract<Node, { readonly kind: 'select' | 'has' }> {
  return (
    (node.kind === 'select' || node.kind === 'has') && node.operand.kind === 'name' && node.operand.name === 'request'
  );
}
