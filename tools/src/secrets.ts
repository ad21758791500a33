import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { readDescriptors } from './descriptors.ts';
import { problemOf } from './field-problem.ts';
import { readRules } from './field-rules.ts';
import type { Problem } from './problem.ts';

/** Words in the name of a field that holds a secret. */
const SECRET =
  /(?:^|_)(?:passwords?|passphrases?|secrets?|tokens?|codes?|keys?|pins?|otps?|credentials?|cookies?)(?:_|$)/;

/** Names that hold such a word and no secret, in whatever message. */
const NO_SECRETS: ReadonlySet<string> = new Set([
  // Places in the order of changes and of lists: who has one may do nothing more.
  'consistency_token',
  'page_token',
  'next_page_token',
  'resume_token',
  'authz_token',
  'country_code',
  'error_code',
  // A JSON Web Key Set holds public keys, and is for everybody.
  'json_web_key_set',
]);

/** Single fields of which the same is true. */
const NO_SECRET_FIELDS: ReadonlySet<string> = new Set([
  // A consistency token of authz.
  'gatehouse.session.v1.AuthzToken.token',
]);

/**
 * Checks that every field of text or bytes that sounds like a secret, or takes a credential, is marked with debug_redact: what is
 * marked is in no stored answer. Throws when the descriptor image has not been generated.
 */
export async function checkSecrets(root: string): Promise<Problem[]> {
  const registry = await readDescriptors(root);
  const unmarked = [...registry]
    .filter((type): type is DescMessage => type.kind === 'message' && type.typeName.startsWith('gatehouse.'))
    .flatMap(({ fields }) => fields)
    .filter((field) => field.proto.options?.debugRedact !== true)
    .filter((field) => readRules(registry, field).credential || (isText(field) && soundsSecret(field)));
  return Promise.all(
    unmarked.map((field) =>
      problemOf(root, field, 'sounds like a secret: mark it with debug_redact, or name it in tools/src/secrets.ts'),
    ),
  );
}

function isText(field: DescField): boolean {
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
}

function soundsSecret({ name, parent }: DescField): boolean {
  return SECRET.test(name) && !NO_SECRETS.has(name) && !NO_SECRET_FIELDS.has(`${parent.typeName}.${name}`);
}
