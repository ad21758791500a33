import type { JsonValue } from '@bufbuild/protobuf';
import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { KnownCheck } from '../work/checks.ts';
import type { Question } from '../work/prove.ts';

export const CHECK_RESOURCES = '/cerbos.svc.v1.CerbosService/CheckResources';
/** The id of the call, which ends each answer, and is another one each time: 26 characters (ULID). */
const CALL_ID_BYTES = 26;

/** CheckResourcesRequest and CheckResourcesResponse of Cerbos, as JSON. */
export interface CerbosMessages {
  encode(request: JsonValue): Uint8Array;
  decode(response: Uint8Array): CheckedResources;
}

interface CheckedResources {
  readonly results?: readonly {
    readonly resource?: { readonly id?: string; readonly kind?: string };
    readonly actions?: Readonly<Record<string, string>>;
  }[];
}

/** The messages, by the peer's own packages, which must be installed. */
export async function cerbosMessages(): Promise<CerbosMessages> {
  const { encode, decode } = await import('../../peers/cerbos/messages.mjs');
  return { encode, decode: (response) => decode(response) as CheckedResources };
}

/** Asks the same of Cerbos, `size` checks at once; those of one request must be about one user, whose roles it is told. */
export function cerbosChecks(messages: CerbosMessages, known: readonly KnownCheck[], size = 1): Question[] {
  return Array.from({ length: Math.floor(known.length / size) }, (_, index) => {
    const asked = known.slice(index * size, (index + 1) * size);
    return {
      request: messages.encode(requestOf(asked)),
      varyingBytes: CALL_ID_BYTES,
      judge: (answer) => {
        const { results = [] } = messages.decode(answer);
        if (results.length !== asked.length) throw new Error(`Cerbos gave ${results.length} results.`);
        for (const [place, check] of asked.entries()) judge(check, results[place]);
      },
    };
  });
}

function requestOf(asked: readonly KnownCheck[]): JsonValue {
  const [first] = asked;
  if (!first || asked.some(({ userId }) => userId !== first.userId)) throw new Error('A request is about one user.');
  return {
    principal: { id: first.userId, roles: [...first.roles] },
    resources: asked.map((check) => {
      const { kind, id, action } = partsOf(check);
      return { resource: { kind, id }, actions: [action] };
    }),
  };
}

function judge(check: KnownCheck, result: NonNullable<CheckedResources['results']>[number] | undefined): void {
  const { kind, id, action } = partsOf(check);
  const expected = check.expected === Decision.DECISION_ALLOWED ? 'EFFECT_ALLOW' : 'EFFECT_DENY';
  const isRight = result?.resource?.kind === kind && result.resource.id === id && result.actions?.[action] === expected;
  if (!isRight) throw new Error(`Cerbos: ${check.permission} of ${check.userId}: not ${expected}.`);
}

/** Cerbos asks about an instance of a kind of resource; a check of ours about nothing in particular is one about any. */
function partsOf({ permission, resource = 'document/any' }: KnownCheck) {
  const [kind = '', action = ''] = permission.split(':');
  return { kind, action, id: resource };
}
