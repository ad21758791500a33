import { Failure } from '@gatehouse/failure';

const NON_ASCII_SPACE = /\p{Zs}/gu;
const CONTROL = /\p{Cc}/u;

/**
 * A password as it is compared and hashed: the OpaqueString profile (RFC 8265, section 4.2), so that the same password
 * typed on another keyboard or system stays the same. Other spaces become U+0020, and what looks alike is composed alike
 * (NFC); case is kept. Of what the profile disallows only control characters are refused: the rest depends on the
 * version of Unicode, and a password must not stop working with an upgrade. Throws Failure `invalid` FIELD_INVALID.
 */
export function toOpaqueString(password: string): string {
  if (CONTROL.test(password)) {
    throw new Failure(
      'invalid',
      'FIELD_INVALID',
      'The request is not valid: password must not hold control characters.',
      {
        fields: [{ field: 'password', description: 'must not hold control characters', reason: 'CONTROL_CHARACTER' }],
      },
    );
  }
  return password.replace(NON_ASCII_SPACE, ' ').normalize('NFC');
}
