import { type DerValue, derChildren, derValue } from './der.ts';

/** The extensions of a certificate: context-specific, constructed, number 3. */
const EXTENSIONS = 0xa3;

/**
 * The values of a certificate's extensions (RFC 5280, section 4.1), by the content octets of their identifiers in
 * hexadecimal: Node tells of some of them as text, and of KeyUsage not at all. Throws where the certificate (DER) can't be
 * read, or has an extension twice.
 */
export function readExtensions(certificate: Uint8Array): ReadonlyMap<string, DerValue> {
  const [content] = derChildren(derValue(certificate).content);
  const wrapped = content && derChildren(content.content).find(({ tag }) => tag === EXTENSIONS);
  const found = new Map<string, DerValue>();
  if (!wrapped) return found;
  for (const extension of derChildren(derValue(wrapped.content).content)) {
    // Its identifier, whether it is critical if it is, and its value.
    const parts = derChildren(extension.content);
    const [identifier, value] = [parts[0], parts.at(-1)];
    if (!identifier || !value || parts.length < 2) throw new Error('An extension without a value.');
    const name = Buffer.from(identifier.content).toString('hex');
    if (found.has(name)) throw new Error('An extension that is there twice.');
    found.set(name, value);
  }
  return found;
}
