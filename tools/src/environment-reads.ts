import type { Token } from './tokens.ts';

/**
 * Lines on which a file reads the environment, or hides that it does by giving `process` another name or taking it
 * apart. `const { env } = process` and `const p = process` count; `process.argv` does not.
 */
export function readEnvironmentReads(tokens: readonly Token[]): number[] {
  const lines = tokens.flatMap((token, index) => {
    const text = (offset: number) => tokens[index + offset]?.text;
    if (token.kind !== 'word') return [];
    const reads = token.text === 'process' && (readsEnv(text) || isAliased(text));
    const readsMeta = token.text === 'import' && text(2) === 'meta' && text(4) === 'env';
    return reads || readsMeta ? [token.line] : [];
  });
  return [...new Set(lines)];
}

type TextAt = (offset: number) => string | undefined;

function readsEnv(text: TextAt): boolean {
  const member = text(1) === '.' || text(1) === '[' ? text(2) : text(1) === '?' ? text(3) : undefined;
  return member === 'env' || (member === '[' && text(4) === 'env');
}

function isAliased(text: TextAt): boolean {
  const usedWhole = !['.', '[', '?', ':', '=', '('].includes(text(1) ?? '');
  return text(-1) === '=' && usedWhole;
}
