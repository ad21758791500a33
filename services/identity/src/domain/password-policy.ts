import { Failure } from '@gatehouse/failure';
import { isCommonPassword } from './common-password.ts';
import { isRepetition } from './repetition.ts';
import { isSequence } from './sequence.ts';

/** A rule that a new password can break. The names are contract. */
export type PasswordRule = keyof typeof DESCRIPTIONS;

/** Whose password it will be. */
export interface PasswordOwner {
  readonly email: string;
  readonly username: string | undefined;
}

/** Fewest characters (NIST SP 800-63B asks for 8 beside a second factor and 15 alone). Unicode code points. */
export const PASSWORD_LENGTH_MIN = 12;
/** A shorter local part would stand in too many passwords by chance. */
const EMAIL_LOCAL_PART_LENGTH_MIN = 4;
const SERVICE_NAME = 'gatehouse';

const DESCRIPTIONS = {
  TOO_SHORT: `must have at least ${PASSWORD_LENGTH_MIN} characters`,
  COMMON: 'must not be a common password or a variation of one',
  CONTAINS_EMAIL: 'must not contain the name in the e-mail address',
  CONTAINS_USERNAME: 'must not contain the username',
  REPEATED: 'must not be a repetition of a few characters',
  SEQUENCE: 'must not be a sequence of letters, digits or keys',
  CONTAINS_SERVICE_NAME: 'must not contain the name of this service',
} as const;

/** Every rule that a new password breaks, always in the same order. The password is an OpaqueString (RFC 8265). */
export function brokenRules(password: string, owner: PasswordOwner): PasswordRule[] {
  const text = password.toLowerCase();
  const emailName = owner.email.toLowerCase().split('@', 1)[0] ?? '';
  const username = owner.username?.toLowerCase();
  const breaks: Record<PasswordRule, boolean> = {
    TOO_SHORT: [...password].length < PASSWORD_LENGTH_MIN,
    COMMON: isCommonPassword(text),
    CONTAINS_EMAIL: emailName.length >= EMAIL_LOCAL_PART_LENGTH_MIN && text.includes(emailName),
    CONTAINS_USERNAME: username !== undefined && text.includes(username),
    REPEATED: isRepetition(text),
    SEQUENCE: isSequence(text),
    CONTAINS_SERVICE_NAME: text.includes(SERVICE_NAME),
  };
  return (Object.keys(DESCRIPTIONS) as PasswordRule[]).filter((rule) => breaks[rule]);
}

/** Throws Failure `invalid` PASSWORD_TOO_WEAK, with each broken rule, unless the password breaks none. */
export function checkPassword(password: string, owner: PasswordOwner): void {
  const rules = brokenRules(password, owner);
  if (rules.length === 0) return;
  const sentences = rules.map((rule) => DESCRIPTIONS[rule]).join('; ');
  throw new Failure('invalid', 'PASSWORD_TOO_WEAK', `The password is too weak: it ${sentences}.`, {
    fields: rules.map((rule) => ({ field: 'password', description: DESCRIPTIONS[rule], reason: rule })),
    metadata: { rules: rules.join(',') },
  });
}
