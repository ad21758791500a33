import { COMMON_PASSWORDS } from './common-passwords.ts';

/** What people write for a letter; `1`, `!` and `|` stand for two of them. */
const LETTERS: readonly Readonly<Record<string, string>>[] = ['i', 'l'].map((one) => ({
  ...{ '0': 'o', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '+': 't', '€': 'e', '(': 'c', '1': one, '!': one, '|': one },
}));

/** Most digits and signs around a common password that still make a trivial variation of it. */
const AFFIX_LENGTH_MAX = 8;

/**
 * Whether a password, in lower case, is one of the most common ones or a trivial variation: in other case, with signs in
 * between, with signs for letters, or with up to eight digits and signs around it.
 */
export function isCommonPassword(password: string): boolean {
  const core = password.replace(/^\P{L}+|\P{L}+$/gu, '');
  const texts = password.length - core.length <= AFFIX_LENGTH_MAX ? [password, core] : [password];
  return texts
    .flatMap((text) => [text, ...LETTERS.map((letters) => spell(text, letters))])
    .some((text) => COMMON_PASSWORDS.has(text.replace(/[^\p{L}\p{N}]/gu, '')));
}

function spell(text: string, letters: Readonly<Record<string, string>>): string {
  return [...text].map((character) => letters[character] ?? character).join('');
}
