import { compileModel, type HeldPermission } from '../policy/index.ts';
import { FieldReader } from './fields.ts';
import type { Policy, PolicyPermission, PolicyRole } from './policy.ts';
import {
  collectProblems,
  type Problem,
  type ProblemCode,
  placesIn,
  type Warning,
  type WarningCode,
} from './problem.ts';
import { readExclusions } from './read-exclusions.ts';
import { readPermissions } from './read-permissions.ts';
import { readRoles } from './read-roles.ts';
import { readTests } from './read-tests.ts';
import { readYaml } from './read-yaml.ts';

/** The only version of the form. */
const VERSION = 1;
const UNREADABLE: ReadonlySet<ProblemCode> = new Set(['YAML_SYNTAX', 'YAML_UNSUPPORTED', 'FILE_TOO_LARGE']);

/**
 * A policy, with what deserves a look, or what is wrong with its file: at least one problem, and as many of either as there
 * are, up to PROBLEMS_MAX.
 */
export type ParsedPolicy =
  | { readonly policy: Policy; readonly problems: readonly []; readonly warnings: readonly Warning[] }
  | { readonly policy: undefined; readonly problems: readonly Problem[] };

/**
 * Reads a file that holds permissions, roles, exclusions and their tests:
 *
 * ```yaml
 * version: 1
 * permissions:             # by name, resource:action; * on either side stands for all
 *   invoices:read: { description: …, category: billing }
 *   invoices:approve: { dangerous: true, condition: request.authentication_level >= 2 }
 * roles:                   # by name; permissions and deny name what is declared above
 *   viewer: { description: …, permissions: [invoices:read] }
 *   accountant: { parent: viewer, permissions: [invoices:approve], deny: [payroll:read] }
 *   abroad: { deny: [{ permission: invoices:read, condition: '!request.ip.inCidr("10.0.0.0/8")' }] }
 *   auditor:
 * exclusions:              # nobody may hold both
 *   - { roles: [accountant, auditor], reason: … }
 * tests:
 *   - name: …
 *     now: 2026-03-01T09:00:00Z     # else DEFAULT_NOW_MS
 *     grants:              # scope, valid_from, valid_until, condition and status may be left out
 *       - { user: ada, role: accountant, scope: tenant/7, valid_until: 2026-04-01T00:00:00Z }
 *     checks:              # resource and context may be left out
 *       - user: ada
 *         permission: invoices:approve
 *         resource: tenant/7/project/42
 *         context: { ip: 10.0.0.1, authentication_level: 2, resource: { owner: ada }, attributes: {} }
 *         expect: allowed  # or denied
 * ```
 *
 * The condition of a permission holds for the name that it is declared with: a role that holds `invoices:*` is bound by
 * the condition of `invoices:*`, and not by that of `invoices:approve`. Where a role denies it, only the condition of the
 * denial counts. It reads no file and no clock.
 */
export function parsePolicy(text: string): ParsedPolicy {
  const problems = collectProblems(text);
  const root = readYaml(text, problems);
  // A file that is read in part would be told to lack what is there.
  if (problems.list().some(({ code }) => UNREADABLE.has(code))) {
    return { policy: undefined, problems: problems.list() };
  }
  if (!root) {
    problems.add(0, 'MISSING_KEY', 'The file is empty. It has to have the key version.');
    return { policy: undefined, problems: problems.list() };
  }
  const reader = new FieldReader(problems);
  const known = ['version', 'permissions', 'roles', 'exclusions', 'tests'];
  const fields = reader.fields(root, 'The file', known, ['version']);
  const of = (key: string) => fields?.get(key)?.value;
  const version = reader.count(of('version'), 'version');
  if (version !== undefined && version !== VERSION) {
    problems.add(of('version')?.at ?? 0, 'WRONG_VALUE', `version is ${VERSION}, not ${version}.`);
  }
  const permissions = readPermissions(reader, of('permissions'));
  const warnings = collectProblems<WarningCode>(text);
  const roles = readRoles(reader, of('roles'), permissions, (role, { permission, condition }, at) => {
    if (condition || !permissions.get(permission)?.condition) return;
    warnings.add(at, 'DENIAL_WITHOUT_CONDITION', deniesAlways(role, permission));
  });
  const exclusions = readExclusions(reader, of('exclusions'), roles);
  const model = compileModel(
    0n,
    [...roles.values()].map((role) => ({
      id: role.name,
      name: role.name,
      parentId: role.parent,
      permissions: heldBy(role, permissions),
    })),
    exclusions.map(({ roles: [roleId, excludedRoleId] }) => ({ roleId, excludedRoleId })),
  );
  const declared = { model, permissions: new Set(permissions.keys()), placeOf: placesIn(text) };
  const tests = readTests(reader, of('tests'), declared);
  if (problems.any) return { policy: undefined, problems: problems.list() };
  return { policy: { permissions, roles, exclusions, tests, model }, problems: [], warnings: warnings.list() };
}

function deniesAlways(role: string, permission: string): string {
  const change = `The role ${role} denies ${permission} always. Formerly the condition of ${permission} limited the denial as well`;
  return `${change}; a limit of its own, or true for none, is { permission: ${permission}, condition: … }.`;
}

function heldBy(role: PolicyRole, permissions: ReadonlyMap<string, PolicyPermission>): readonly HeldPermission[] {
  return [
    ...role.permissions.map((name) => ({
      name,
      effect: 'allow' as const,
      condition: permissions.get(name)?.condition,
    })),
    ...role.deny.map(({ permission: name, condition }) => ({ name, effect: 'deny' as const, condition })),
  ];
}
