// A file of permissions, roles, exclusions and tests: read, checked and run without a server.
export { formatPolicy, type PolicyContent } from './format-policy.ts';
export * from './limits.ts';
export { locateIn } from './locate.ts';
export { type ParsedPolicy, parsePolicy } from './parse-policy.ts';
export { parseTime } from './parse-time.ts';
export type {
  Policy,
  PolicyDenial,
  PolicyExclusion,
  PolicyPermission,
  PolicyRole,
  PolicyTest,
  TestCheck,
  TestGrant,
} from './policy.ts';
export type { Place, Problem, ProblemCode, Warning, WarningCode } from './problem.ts';
export { DEFAULT_NOW_MS } from './read-tests.ts';
export { type FailedCheck, runTests, type TestReport } from './run-tests.ts';
