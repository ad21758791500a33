import { describe, expect, it } from 'vitest';
import { DESCRIPTOR_IMAGE } from '../src/descriptors.ts';
import { checkLayout } from '../src/layout.ts';
import { toLine } from '../src/problem.ts';
import { plantedImage } from './planted-image.ts';
import { plantTree, REPOSITORY, type Tree } from './planted-tree.ts';

const README = `# session\n${['Owns', 'Does not own', 'Calls', 'Called by', 'RPCs'].map((name) => `## ${name}\n`).join('')}
- \`CreateSession\` makes one.
- \`Check\` answers Envoy.
`;

/** A repository in order: one service with an RPC of its own and the one that Envoy calls, and one package. */
const SOUND: Tree = {
  [DESCRIPTOR_IMAGE]: plantedImage({
    'gatehouse.session.v1.SessionService': ['CreateSession'],
    'envoy.service.auth.v3.Authorization': ['Check'],
  }),
  'docs/architecture.md': '## session\n\n| `failure` | the one error type |\n',
  'packages/failure/src/index.ts': '',
  'services/session/README.md': README,
  'services/session/package.json': '{}',
  'services/session/grants.sql': '',
  'services/session/schema.sql': '',
  'services/session/migrations/0001_create_sessions.sql': '',
  'services/session/migrations/0002_add_slot_tag.sql': '',
  'services/session/src/main.ts': 'start();\n'.repeat(40),
  'services/session/src/config.ts': '',
  'services/session/src/deps.ts': '',
  'services/session/src/events.ts': '',
  'services/session/src/service.ts': `import { createSession } from './rpc/create-session.ts';
    export const service = (deps) => ({ createSession: createSession(deps), check: check(deps) });`,
  'services/session/src/access.ts': `export const access = { createSession: { peers: ['identity'] }, check };`,
  'services/session/src/rpc/create-session.ts': '',
  'services/session/src/rpc/check.ts': '',
  'services/session/src/domain/token.ts': '',
  'services/session/src/store/sessions.ts': '',
  'services/session/test/create-session.test.ts': '',
  'services/session/test/check.test.ts': '',
};

const problemsOf = async (changes: Tree) => (await checkLayout(await plantTree({ ...SOUND, ...changes }))).map(toLine);

describe('checkLayout', () => {
  it('finds nothing in this repository', async () => {
    expect((await checkLayout(REPOSITORY)).map(toLine)).toEqual([]);
  });

  it('finds nothing in a repository that is in order', async () => {
    expect(await problemsOf({})).toEqual([]);
  });

  it('says how to make the descriptor image when there is none', async () => {
    await expect(problemsOf({ [DESCRIPTOR_IMAGE]: undefined })).rejects.toThrow('npm run generate makes it');
  });

  it.each(Object.keys(SOUND).filter((file) => /^services\/session\/(?:[^/]+|src\/[^/]+)$/.test(file)))(
    'misses %s',
    async (file) => {
      expect(await problemsOf({ [file]: undefined })).toEqual([`${file}: every service has it; here it is missing`]);
    },
  );

  it.each([
    ['src/domain', 'src/domain/token.ts'],
    ['src/store', 'src/store/sessions.ts'],
  ])('misses the folder %s', async (folder, file) => {
    expect(await problemsOf({ [`services/session/${file}`]: undefined })).toEqual([
      `services/session/${folder}/: every service has it; here it is missing`,
    ]);
  });

  it.each([
    ['src/rpc/create-session.ts', 'CreateSession'],
    ['test/create-session.test.ts', 'CreateSession'],
    ['src/rpc/check.ts', 'Check'],
    ['test/check.test.ts', 'Check'],
  ])('misses %s', async (file, rpc) => {
    expect(await problemsOf({ [`services/session/${file}`]: undefined })).toEqual([
      `services/session/${file}: ${rpc} needs this file`,
    ]);
  });

  it('refuses a file in src/rpc that is named like no RPC, and knows a test beside an RPC', async () => {
    expect(
      await problemsOf({
        'services/session/src/rpc/create-sesion.ts': '',
        'services/session/src/rpc/shared/parse.ts': '',
        'services/session/src/rpc/check.test.ts': '',
      }),
    ).toEqual([
      'services/session/src/rpc/create-sesion.ts: is named like no RPC of the service',
      'services/session/src/rpc/shared/parse.ts: is named like no RPC of the service',
    ]);
  });

  it.each([
    ['a missing line', 'export const access = { check };'],
    ['a mention in a comment', 'export const access = { check /* createSession: */ };'],
    ['a mention in an import', `import { check, createSession } from './a.ts'; export const access = { check };`],
    ['a mention in a value', `export const access = { check: [createSession, 'createSession'] };`],
  ])('misses an RPC in access.ts in spite of %s', async (_name, text) => {
    expect(await problemsOf({ 'services/session/src/access.ts': text })).toEqual([
      'services/session/src/access.ts: says not which peers may call CreateSession',
    ]);
  });

  it('misses an RPC in service.ts', async () => {
    expect(
      await problemsOf({ 'services/session/src/service.ts': 'export const service = { createSession: a(deps) };' }),
    ).toEqual(['services/session/src/service.ts: has no line for Check']);
  });

  it.each([
    ['0003_create.sql', /is named NNNN_verb_noun\.sql/],
    ['3_create_tokens.sql', /is named NNNN_verb_noun\.sql/],
    ['0003_create-tokens.sql', /is named NNNN_verb_noun\.sql/],
    ['0003_create_tokens.sql.bak', /is named NNNN_verb_noun\.sql/],
    ['0003_Create_tokens.sql', /is named NNNN_verb_noun\.sql/],
    ['0004_create_tokens.sql', /is number 0004 where 0003 comes next/],
    ['0002_create_tokens.sql', /is number 0002 where 0003 comes next/],
    ['0003_sessions_expiry.sql', /"sessions" is none of the verbs/],
  ])('refuses a migration named %s', async (name, message) => {
    expect(await problemsOf({ [`services/session/migrations/${name}`]: '' })).toEqual([expect.stringMatching(message)]);
  });

  it('refuses a service without migrations', async () => {
    expect(
      await problemsOf({
        'services/session/migrations/0001_create_sessions.sql': undefined,
        'services/session/migrations/0002_add_slot_tag.sql': undefined,
      }),
    ).toEqual(['services/session/migrations/: holds no migration']);
  });

  it('refuses a main.ts that is longer than a recipe', async () => {
    expect(await problemsOf({ 'services/session/src/main.ts': 'start();\n'.repeat(41) })).toEqual([
      'services/session/src/main.ts: has 41 lines; a recipe has 40 at most',
    ]);
  });

  it.each(['Owns', 'Does not own', 'Calls', 'Called by', 'RPCs'])(
    'misses the heading %s in a README',
    async (heading) => {
      expect(await problemsOf({ 'services/session/README.md': README.replace(`## ${heading}\n`, '') })).toEqual([
        `services/session/README.md: has no heading "${heading}"`,
      ]);
    },
  );

  it('misses an RPC in a README', async () => {
    expect(
      await problemsOf({ 'services/session/README.md': README.replace('CreateSession', 'CreateSessions') }),
    ).toEqual(['services/session/README.md: does not name CreateSession']);
  });

  it('misses services and packages in the architecture', async () => {
    expect(await problemsOf({ 'docs/architecture.md': 'Every session has a failure.' })).toEqual([
      'docs/architecture.md: does not name services/session',
      'docs/architecture.md: does not name packages/failure',
    ]);
    expect(await problemsOf({ 'docs/architecture.md': undefined })).toEqual(['docs/architecture.md: is missing']);
  });

  it('misses the folder of a service that the contract has', async () => {
    const image = plantedImage({
      'gatehouse.session.v1.SessionService': ['CreateSession'],
      'gatehouse.authz.v1.AuthzService': ['CheckPermission'],
      'envoy.service.auth.v3.Authorization': ['Check'],
    });
    expect(await problemsOf({ [DESCRIPTOR_IMAGE]: image })).toEqual([
      'services/authz: gatehouse.authz is in the contract and has no folder',
    ]);
  });

  it('refuses a folder for a service that no proto defines', async () => {
    expect(await problemsOf({ 'services/mail/README.md': '' })).toContain(
      'services/mail: no proto of Gatehouse defines a service for mail',
    );
  });

  it.each(['packages/failure/src/long.ts', 'cli/bootstrap/long.mjs', 'tools/long.ts'])(
    'refuses that %s has more than 200 lines without a reason',
    async (file) => {
      const lines = 'step();\n'.repeat(200);
      expect(await problemsOf({ [file]: lines })).toEqual([]);
      expect(await problemsOf({ [file]: `${lines}step();\n` })).toEqual([
        `${file}: has 201 lines; over 200 it begins with "// Long because <reason>."`,
      ]);
      expect(await problemsOf({ [file]: `// Long because\n${lines}` })).toHaveLength(1);
      expect(await problemsOf({ [file]: `// Long because the table is one.\n${lines}` })).toEqual([]);
    },
  );

  it.each(['packages/failure/src/long.test.ts', 'services/session/test/long.ts', 'proto/gen/ts/long.ts'])(
    'lets %s be long',
    async (file) => {
      expect(await problemsOf({ [file]: 'step();\n'.repeat(500) })).toEqual([]);
    },
  );
});
