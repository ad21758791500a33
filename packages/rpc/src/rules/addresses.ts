import type { DescField } from '@bufbuild/protobuf';
import { canonicalAddress } from '@gatehouse/verify';
import type { Rules } from './scalars.ts';
import type { Violations } from './violations.ts';

/**
 * The check of a field that holds an IP address, which also brings it to the one form that everything behind it knows. Throws
 * for a field in which there could be several, or none of them.
 */
export function addressCheck(
  field: DescField,
  { required }: Rules,
): (message: Record<string, unknown>, path: string, violations: Violations) => void {
  const { name, localName } = field;
  if (field.fieldKind !== 'scalar' || field.oneof) throw new Error(`${field}: ip is for a field on its own.`);
  return (message, path, violations) => {
    const text = message[localName] as string;
    if (text === '') {
      if (required) violations.push({ field: path + name, description: 'is required', reason: 'REQUIRED' });
      return;
    }
    const address = canonicalAddress(text);
    if (address === undefined) {
      violations.push({ field: path + name, description: 'must be an IP address', reason: 'IP' });
    } else message[localName] = address;
  };
}
