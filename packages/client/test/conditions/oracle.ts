import { type CelInput, celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ConditionInput, Outcome } from '../../src/policy/index.ts';

const ENVIRONMENT = celEnv({ funcs: strings });

/** What @bufbuild/cel makes of a condition. Never throws. */
export function askOracle(source: string, input: ConditionInput): { readonly outcome: Outcome; readonly why: string } {
  try {
    const value = plan(ENVIRONMENT, parse(source))(variablesOf(input));
    if (isCelError(value)) return { outcome: 'undetermined', why: value.message };
    if (typeof value === 'boolean') return { outcome: value ? 'true' : 'false', why: '' };
    return { outcome: 'undetermined', why: 'no bool' };
  } catch (error) {
    return { outcome: 'undetermined', why: String(error) };
  }
}

function variablesOf(input: ConditionInput): Record<string, CelInput> {
  return {
    request: new Map<string, CelInput>([
      ...(input.ip === '' ? [] : [['ip', input.ip] as const]),
      ['time', timestampFromMs(input.nowMs)],
      ['authentication_level', BigInt(input.authenticationLevel)],
      ['user_id', input.userId],
      ['permission', input.permission],
      ['resource', input.resource],
    ]),
    resource: asMaps(input.resourceAttributes),
    context: asMaps(input.attributes),
  };
}

/** Objects as maps, because the library tells kinds of objects by their members. */
function asMaps(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, each]) => [key, asMaps(each)]));
  }
  return value as CelInput;
}
