import { describe, expect, it } from 'vitest';
import { compileCondition } from '../policy/index.ts';
import { DENIAL_CONDITIONS_MAX, PROBLEMS_MAX, parsePolicy } from './index.ts';

const FIELDS = 'ip, time, authentication_level, user_id, permission, resource';

/** What is wrong with a text, as `line:column CODE sentence`. */
function problemsOf(text: string): readonly string[] {
  return parsePolicy(text).problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);
}

const HEAD = `version: 1
permissions:
  invoices:read: { description: to see them, category: billing }
  invoices:approve: { dangerous: true, condition: request.authentication_level >= 2 }
  payroll:*:
roles:
  viewer: { permissions: [invoices:read] }
  accountant: { parent: viewer, permissions: [invoices:approve], deny: [payroll:*] }
  auditor: { deny: [{ permission: invoices:approve, condition: '!context.open' }, payroll:*] }
`;
/** The line that follows HEAD. */
const NEXT = HEAD.split('\n').length;

describe('a policy', () => {
  it('is read whole', () => {
    const { policy, problems } = parsePolicy(`${HEAD}exclusions:
  - { roles: [accountant, auditor], reason: who books does not check }
tests:
  - name: approval
    now: 2026-03-01T10:00:00+01:00
    grants:
      - { user: ada, role: accountant, scope: tenant/7, valid_until: 2026-04-01T00:00:00Z, condition: request.ip != "" }
      - { user: bob, role: auditor, status: suspended }
    checks:
      - user: ada
        permission: invoices:approve
        resource: tenant/7/project/42
        context: { ip: 10.0.0.1, authentication_level: 2, resource: { owner: ada }, attributes: { a: [1, null, {}] } }
        expect: allowed
      - { user: bob, permission: payroll:read, expect: denied }
`);
    expect(problems).toEqual([]);
    expect(policy?.permissions.get('invoices:read')).toEqual({
      name: 'invoices:read',
      description: 'to see them',
      category: 'billing',
      isDangerous: false,
      condition: undefined,
    });
    expect(policy?.permissions.get('invoices:approve')).toMatchObject({
      isDangerous: true,
      condition: { source: 'request.authentication_level >= 2' },
    });
    const always = { permission: 'payroll:*', condition: undefined };
    const underCondition = { permission: 'invoices:approve', condition: compileCondition('!context.open') };
    expect([...(policy?.roles.values() ?? [])]).toEqual([
      { name: 'viewer', description: '', parent: undefined, permissions: ['invoices:read'], deny: [] },
      { name: 'accountant', description: '', parent: 'viewer', permissions: ['invoices:approve'], deny: [always] },
      { name: 'auditor', description: '', parent: undefined, permissions: [], deny: [underCondition, always] },
    ]);
    expect(policy?.exclusions).toEqual([{ roles: ['accountant', 'auditor'], reason: 'who books does not check' }]);
    expect(policy?.tests).toMatchObject([
      {
        name: 'approval',
        grants: [
          { id: '1', user: 'ada', roleId: 'accountant', scope: 'tenant/7', validUntilMs: Date.UTC(2026, 3, 1) },
          { id: '2', user: 'bob', roleId: 'auditor', scope: '', status: 'suspended', validUntilMs: Infinity },
        ],
        checks: [
          {
            place: { line: 19, column: 9 },
            question: {
              ip: '10.0.0.1',
              nowMs: Date.UTC(2026, 2, 1, 9),
              authenticationLevel: 2,
              userId: 'ada',
              resource: 'tenant/7/project/42',
              resourceAttributes: { owner: 'ada' },
              attributes: { a: [1, null, {}] },
            },
            expectsAllowed: true,
          },
          { question: { ip: '', resource: '', attributes: {} }, expectsAllowed: false },
        ],
      },
    ]);
  });

  it('may name a parent before it is declared', () => {
    const { policy } = parsePolicy('version: 1\nroles:\n  a: { parent: b }\n  b: { parent: c }\n  c:\n');
    expect([...(policy?.roles.keys() ?? [])]).toEqual(['c', 'b', 'a']);
  });

  it('may be nothing but its version, and begin with a byte order mark', () => {
    expect(problemsOf('\uFEFFversion: 1\r\n')).toEqual([]);
  });

  it('may repeat itself by aliases', () => {
    const text = 'version: 1\npermissions: { a:b: &p { category: x }, a:c: *p }\n';
    expect(parsePolicy(text).policy?.permissions.get('a:c')?.category).toBe('x');
  });

  it('takes the names of objects for names', () => {
    const { policy } = parsePolicy('version: 1\nroles: { constructor: , tostring: { parent: constructor } }\n');
    expect(policy?.model.closure('constructor')).toBeDefined();
    expect(policy?.model.closure('hasOwnProperty')).toBeUndefined();
    expect(problemsOf('version: 1\n__proto__: {}\nroles: { __proto__: }\n')).toEqual([
      expect.stringMatching(/^2:1 UNKNOWN_KEY The file has no key "__proto__"/),
      expect.stringMatching(/^3:10 BAD_NAME/),
    ]);
  });
});

describe('a problem is reported with its place', () => {
  it.each([
    ['an empty file', '', ['1:1 MISSING_KEY The file is empty. It has to have the key version.']],
    ['no version', 'roles: {}', ['1:1 MISSING_KEY The file has to have the key version.']],
    ['another version', 'version: 2', ['1:10 WRONG_VALUE version is 1, not 2.']],
    ['a list', '- version: 1', ['1:1 WRONG_TYPE The file has to be a map.']],
    ['no YAML', 'version: 1\nroles: [a,\n', [expect.stringMatching(/^\d:\d YAML_SYNTAX /)]],
    [
      'two documents',
      'version: 1\n---\nversion: 1\n',
      [expect.stringMatching(/^2:1 YAML_SYNTAX .*multiple documents/)],
    ],
    [
      'a directive',
      '%YAML 1.1\n---\nversion: 1\n',
      ['1:1 YAML_UNSUPPORTED Directives such as %YAML are not supported.'],
    ],
    [
      'a tag',
      'version: !!int 1\n',
      [expect.stringMatching(/YAML_UNSUPPORTED Tags such as tag:yaml.org,2002:int are not/)],
    ],
    [
      'a tag of its own',
      'version: 1\nroles: !x {}\n',
      [expect.stringMatching(/^2:\d+ YAML_UNSUPPORTED Tags such as !x/)],
    ],
    ['a merge', 'version: 1\nroles:\n  <<: { a: }\n', ['3:3 YAML_UNSUPPORTED Merges (<<) are not supported.']],
    [
      'an alias of nothing',
      'version: 1\nroles: *x\n',
      ['2:8 YAML_UNSUPPORTED There is no anchor x before this alias.'],
    ],
    [
      'an alias of itself',
      'version: 1\nroles: &x { a: *x }\n',
      [expect.stringMatching(/YAML_UNSUPPORTED .*nested more than 32/)],
    ],
    ['a key that is a list', 'version: 1\n? [a]\n: 1\n', ['2:3 YAML_UNSUPPORTED A key has to be text.']],
    ['a key twice', 'version: 1\nversion: 1\n', ['2:1 DUPLICATE_KEY The key version is there twice.']],
    ['a role twice', 'version: 1\nroles:\n  a:\n  a:\n', ['4:3 DUPLICATE_KEY The key a is there twice.']],
  ])('%s', (_title, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it.each([
    [
      'permissions:\n  invoices: {}',
      '3:3 BAD_NAME "invoices" is no name of a permission. A permission is resource:action',
    ],
    [
      'permissions:\n  a:b: { dangerus: true }',
      '3:10 UNKNOWN_KEY The permission a:b has no key "dangerus". Did you mean dangerous?',
    ],
    [
      'permissions:\n  a:b: { x: 1 }',
      '3:10 UNKNOWN_KEY The permission a:b has no key "x". It may have description, category',
    ],
    ['permissions:\n  a:b: { dangerous: yes }', '3:21 WRONG_TYPE dangerous of a:b has to be true or false.'],
    ['permissions:\n  a:b: { description: 7 }', '3:23 WRONG_TYPE The description of a:b has to be text, in quotes.'],
    ['permissions:\n  a:b: [x]', '3:8 WRONG_TYPE The permission a:b has to be a map.'],
    ['permissions: [a:b]', '2:14 WRONG_TYPE permissions has to be a map.'],
    ['roles:\n  A: {}', '3:3 BAD_NAME "A" is no name of a role.'],
    [
      'roles:\n  a: { parent: b }\n  c:',
      '3:16 UNKNOWN_PARENT There is no role "b", which a has as its parent. Did you mean a?',
    ],
    ['roles:\n  a: { parent: a }', '3:16 ROLE_CYCLE Roles are their own ancestors: a > a.'],
    [
      'roles:\n  a: { parent: b }\n  b: { parent: c }\n  c: { parent: b }',
      '4:16 ROLE_CYCLE Roles are their own ancestors: b > c > b.',
    ],
    [
      'roles:\n  a: { permissions: [x:y] }',
      '3:22 UNKNOWN_PERMISSION There is no permission "x:y". It has to be declared under permissions.',
    ],
    ['permissions: { a:b: }\nroles:\n  a: { deny: [a:b, a:b] }', '4:20 DUPLICATE_VALUE deny of a names "a:b" twice.'],
    ['permissions: { a:b: }\nroles:\n  a: { deny: a:b }', '4:14 WRONG_TYPE deny of a has to be a list.'],
    [
      'permissions: { a:b: }\nroles:\n  a: { deny: [[a:b]] }',
      '4:15 WRONG_TYPE A permission in deny of a has to be text.',
    ],
    [
      'permissions: { a:b: }\nroles:\n  a: { deny: [{ permission: a:b }] }',
      '4:15 MISSING_KEY A denial in deny of a has to have the key condition.',
    ],
    [
      'permissions: { a:b: }\nroles:\n  a: { deny: [{ permission: a:b, if: x, condition: true }] }',
      '4:34 UNKNOWN_KEY A denial in deny of a has no key "if". It may have permission, condition.',
    ],
    [
      'permissions: { a:b: }\nroles:\n  a: { deny: [{ permission: a:c, condition: true }] }',
      '4:29 UNKNOWN_PERMISSION There is no permission "a:c". Did you mean a:b?',
    ],
    [
      'permissions: { a:b: }\nroles:\n  a: { deny: [a:b, { permission: a:b, condition: true }] }',
      '4:34 DUPLICATE_VALUE deny of a names "a:b" twice.',
    ],
    [
      'permissions: { a:b: }\nroles:\n  a: { deny: [{ permission: a:b, condition: nothing.at.all }] }',
      '4:45 BAD_CONDITION The condition of a denial in deny of a is wrong. Unknown variable: nothing.',
    ],
    [
      'permissions: { a:b: }\nroles:\n  a: { permissions: [{ permission: a:b, condition: true }] }',
      '4:22 WRONG_TYPE A permission in permissions of a has to be text.',
    ],
    [
      'roles: { a: , b: }\nexclusions:\n  - { roles: [a, x] }',
      '4:18 UNKNOWN_ROLE There is no role "x". Did you mean a?',
    ],
    ['roles: { a: , b: }\nexclusions:\n  - { roles: [a] }', '4:14 WRONG_VALUE An exclusion is between two roles.'],
    [
      'roles: { a: , b: }\nexclusions:\n  - { roles: [a, b, a] }',
      '4:14 TOO_MANY roles of an exclusion may hold at most 2, not 3.',
    ],
    [
      'roles: { a: , b: }\nexclusions:\n  - { roles: [a, a] }',
      `4:14 EXCLUSION_IMPOSSIBLE a can't be excluded with itself.`,
    ],
    [
      'roles: { a: , b: { parent: a }, c: { parent: b } }\nexclusions:\n  - { roles: [a, c] }',
      '4:14 EXCLUSION_IMPOSSIBLE Nobody could hold c, which descends from the role that it is excluded with (c > b > a).',
    ],
  ])('%s', (text, problem) => {
    const found = problemsOf(`version: 1\n${text}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(problem);
  });

  it.each([
    ['plain', 'condition: request.level > 1', 1, 22 + 8],
    ['in single quotes', `condition: 'request.level > 1'`, 1, 23 + 8],
    ['in double quotes', 'condition: "request.level > 1"', 1, 23 + 8],
    ['with escapes, where the text begins', 'condition: "\\x72equest.level > 1"', 1, 22],
    ['in a block', 'condition: |\n            true &&\n              request.level > 1', 3, 15 + 8],
    ['folded, where the text begins', 'condition: >-\n            true &&\n            request.level > 1', 1, 22],
  ])('inside of a condition %s', (_title, condition, line, column) => {
    const text = `version: 1\npermissions:\n  a:b:\n          ${condition}\n`;
    expect(problemsOf(text)).toEqual([
      `${3 + line}:${column} BAD_CONDITION The condition of a:b is wrong. No such key: level. request has ${FIELDS}.`,
    ]);
  });

  it.each([
    ['grants: [{ user: ada, role: viewr }]', /UNKNOWN_ROLE There is no role "viewr". Did you mean viewer\?/],
    ['grants: [{ user: ada }]', /MISSING_KEY A grant has to have the key role/],
    ['grants: [{ user: 7, role: viewer }]', /WRONG_TYPE The user of a grant has to be text, in quotes/],
    ['grants: [{ user: ada, role: viewer, scope: tenant }]', /BAD_NAME The scope of a grant is pairs/],
    ['grants: [{ user: ada, role: viewer, valid_from: 2026-03-01 }]', /WRONG_VALUE valid_from is a time with its zone/],
    ['grants: [{ user: ada, role: viewer, valid_until: 2026-13-01T00:00:00Z }]', /WRONG_VALUE valid_until is a time/],
    [
      'grants: [{ user: ada, role: viewer, valid_from: 2026-03-01T00:00:00Z, valid_until: 2026-03-01T00:00:00Z }]',
      /WRONG_VALUE valid_until has to be after valid_from/,
    ],
    ['grants: [{ user: ada, role: viewer, status: revoked }]', /WRONG_VALUE The status of a grant is active, pending/],
    ['grants: [{ user: ada, role: viewer, condition: 1 + 1 }]', /BAD_CONDITION .* It is of type int, not bool/],
    ['now: today', /WRONG_VALUE now is a time/],
    ["now: '2026-02-29T00:00:00Z'", /WRONG_VALUE now is a time/],
    ["grants: [{ user: ada, role: viewer, valid_until: '2026-02-30T00:00:00Z' }]", /WRONG_VALUE .* is a time/],
    ["grants: [{ user: ada, role: viewer, valid_from: '2026-02-28T24:00:00Z' }]", /WRONG_VALUE .* is a time/],
    ["grants: [{ user: ada, role: viewer, valid_until: '9999-12-31T23:59:59-01:00' }]", /WRONG_VALUE .* is a time/],
    ["grants: [{ user: ada, role: viewer, scope: 'tenant/%' }]", /BAD_NAME The scope of a grant is pairs/],
    ['check: []', /UNKNOWN_KEY A test has no key "check". Did you mean checks\?/],
  ])('in a test: %s', (line, problem) => {
    const found = problemsOf(`${HEAD}tests:\n  - name: a\n    checks: []\n    ${line}\n`);
    expect(found).toEqual([expect.stringMatching(problem)]);
    expect(found[0]).toMatch(new RegExp(`^${NEXT + 3}:`));
  });

  it.each([
    ['user: ada, permission: invoices:raed, expect: denied', /UNKNOWN_PERMISSION .* Did you mean invoices:read\?/],
    ['user: ada, permission: "payroll:*", expect: denied', /BAD_NAME A check is about one permission/],
    ['user: ada, permission: invoices:read, expect: allow', /WRONG_VALUE expect is allowed or denied, not "allow"/],
    ['user: ada, permission: invoices:read', /MISSING_KEY A check has to have the key expect/],
    ['user: ada, permission: invoices:read, expect: denied, resource: a/b/c', /BAD_NAME The resource of a check/],
    ['user: ada, permission: invoices:read, expect: denied, context: { level: 1 }', /UNKNOWN_KEY The context/],
    ['user: ada, permission: invoices:read, expect: denied, context: { ip: 1 }', /WRONG_TYPE ip of a context/],
    ['user: ada, permission: invoices:read, expect: denied, context: { authentication_level: 1.5 }', /WRONG_TYPE/],
    ['user: ada, permission: invoices:read, expect: denied, context: { attributes: [] }', /WRONG_TYPE attributes/],
    ['user: ada, permission: invoices:read, expect: denied, context: { attributes: { a: .inf } }', /has to be finite/],
  ])('in a check: %s', (check, problem) => {
    expect(problemsOf(`${HEAD}tests:\n  - name: a\n    checks:\n      - { ${check} }\n`)).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  it('a name of a test twice, and grants that break an exclusion, for each user by himself', () => {
    const grants =
      'grants: [{ user: ada, role: accountant }, { user: bob, role: auditor }, { user: ada, role: auditor }]';
    const text = `${HEAD}exclusions: [{ roles: [accountant, auditor] }]
tests:
  - { name: a, checks: [], ${grants} }
  - { name: a, checks: [] }
`;
    expect(problemsOf(text)).toEqual([
      `${NEXT + 2}:100 EXCLUSION_BROKEN With this grant ada would hold both accountant and auditor, which exclude each other.`,
      `${NEXT + 3}:13 DUPLICATE_VALUE Two tests are called "a".`,
    ]);
  });

  it('every one of them, in the order of the file', () => {
    const text = 'version: 1\nrols: {}\npermissions: { a: , a:b: { x: } }\nroles: { B: , c: { parent: d } }\n';
    expect(problemsOf(text).map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual([
      '2:1 UNKNOWN_KEY',
      '3:16 BAD_NAME',
      '3:28 UNKNOWN_KEY',
      '4:10 BAD_NAME',
      '4:28 UNKNOWN_PARENT',
    ]);
  });
});

describe('limits', () => {
  const many = (count: number, make: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => make(index));

  it('hold for the file, for problems, and for what is nested', () => {
    expect(problemsOf(`version: 1\n#${'x'.repeat(4 * 1024 * 1024)}`)).toEqual([
      '1:1 FILE_TOO_LARGE The file has more than 4194304 bytes.',
    ]);
    expect(problemsOf(`version: 1\n${many(200, (index) => `x${index}: 1`).join('\n')}`)).toHaveLength(PROBLEMS_MAX);
    expect(problemsOf('['.repeat(100_000))[0]).toMatch(/YAML_SYNTAX/);
    expect(problemsOf(`version: 1\nroles: ${'['.repeat(100)}${']'.repeat(100)}\n`)[0]).toMatch(/nested more than 32/);
  });

  it('hold for aliases, so that a small file does not grow', () => {
    const levels = many(9, (index) => `  a${index + 1}: &a${index + 1} [${many(10, () => `*a${index}`).join(', ')}]`);
    const found = problemsOf(`version: 1\nroles:\n  a0: &a0 [x]\n${levels.join('\n')}\n`);
    expect(found.join('\n')).toMatch(/There are more than 100 aliases/);
  });

  it('hold for ancestors: thirty-two are allowed', () => {
    const chain = (count: number) =>
      `version: 1\nroles:\n  r0:\n${many(count, (index) => `  r${index + 1}: { parent: r${index} }`).join('\n')}\n`;
    expect(problemsOf(chain(32))).toEqual([]);
    expect(problemsOf(chain(40))).toEqual(['36:18 ROLE_TOO_DEEP The role r33 has more than 32 ancestors.']);
  });

  it('hold for roles, permissions and tests, and a file that is full takes time by its size', () => {
    const started = process.cpuUsage();
    const permissions = many(100_000, (index) => `  p${index}:read:`).join('\n');
    const roles = many(10_000, (index) => `  r${index}:${index > 0 ? ` { parent: r${(index - 1) >> 1} }` : ''}`).join(
      '\n',
    );
    const tests = many(10_001, (index) => `  - { name: t${index}, checks: [] }`).join('\n');
    expect(problemsOf(`version: 1\npermissions:\n${permissions}\nroles:\n${roles}\ntests:\n${tests}\n`)).toEqual([
      expect.stringMatching(/TOO_MANY tests may hold at most 10000, not 10001/),
    ]);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(20_000);
  });
});

describe('a denial', () => {
  const DENYING = `version: 1
permissions:
  a:limited: { condition: request.authentication_level >= 2 }
  a:free:
roles:
  one:
    deny:
      - a:limited
      - a:free
  two: { deny: [{ permission: a:limited, condition: true }, { permission: a:free, condition: context.shut }] }
  three: { permissions: [a:limited], deny: [ 'a:limited' ] }
`;

  it('has its own condition in the model, and that of the permission only what is allowed', () => {
    const { policy } = parsePolicy(DENYING);
    const held = (role: string) =>
      policy?.model.roles
        .get(role)
        ?.permissions.map(({ name, effect, condition }) => [name, effect, condition?.source]);
    expect(held('one')).toEqual([
      ['a:limited', 'deny', undefined],
      ['a:free', 'deny', undefined],
    ]);
    expect(held('two')).toEqual([
      ['a:limited', 'deny', 'true'],
      ['a:free', 'deny', 'context.shut'],
    ]);
    expect(held('three')).toEqual([
      ['a:limited', 'allow', 'request.authentication_level >= 2'],
      ['a:limited', 'deny', undefined],
    ]);
  });

  it('is warned of where the condition of the permission limited it formerly', () => {
    const parsed = parsePolicy(DENYING);
    const warnings = parsed.policy ? parsed.warnings : [];
    expect(warnings.map(({ line, column, code }) => [line, column, code])).toEqual([
      [8, 9, 'DENIAL_WITHOUT_CONDITION'],
      [11, 46, 'DENIAL_WITHOUT_CONDITION'],
    ]);
    expect(warnings[0]?.message).toBe(
      'The role one denies a:limited always. Formerly the condition of a:limited limited the denial as well; a limit of its own, or true for none, is { permission: a:limited, condition: … }.',
    );
  });

  it('may have a condition up to a limit', () => {
    const file = (count: number) => {
      const names = Array.from({ length: count }, (_, index) => `a:b${index}`);
      const deny = names.map((name) => `{ permission: ${name}, condition: true }`);
      const permissions = names.map((name) => `  ${name}:\n`).join('');
      return `version: 1\npermissions:\n${permissions}roles:\n  r:\n    deny: [${deny.join(', ')}]\n`;
    };
    expect(problemsOf(file(DENIAL_CONDITIONS_MAX))).toEqual([]);
    expect(problemsOf(file(DENIAL_CONDITIONS_MAX + 1))).toEqual([
      '206:11 TOO_MANY deny of r may hold at most 200 with conditions.',
    ]);
  });
});
