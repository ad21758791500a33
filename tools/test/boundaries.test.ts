import { describe, expect, it } from 'vitest';
import { checkBoundaries } from '../src/boundaries.ts';
import { toLine } from '../src/problem.ts';
import { plantTree, REPOSITORY } from './planted-tree.ts';

const refusalsOf = async (file: string, source: string) => {
  const problems = await checkBoundaries(await plantTree({ [file]: source }));
  for (const problem of problems) expect(problem.file).toBe(file);
  return problems.map(({ message }) => message.replace(/^imports \S+: /, ''));
};

describe('checkBoundaries', () => {
  it('finds nothing in this repository', async () => {
    expect((await checkBoundaries(REPOSITORY)).map(toLine)).toEqual([]);
  });

  it('names the file and the line', async () => {
    const root = await plantTree({ 'packages/process/src/clock.ts': "// a\n\nimport 'pg';\n" });
    expect(await checkBoundaries(root)).toEqual([
      {
        file: 'packages/process/src/clock.ts',
        line: 3,
        message: 'imports pg: pg is imported only in packages/postgres',
      },
    ]);
  });

  it.each([
    ['services/session/src/main.ts', './config.ts'],
    ['services/session/src/main.ts', './access.ts'],
    ['services/session/src/main.ts', './jobs/sweep-sessions.ts'],
    ['services/session/src/main.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts'],
    ['services/session/src/main.ts', 'bullmq'],
    ['services/session/src/service.ts', './rpc/create-session.ts'],
    ['services/session/src/service.ts', './deps.ts'],
    ['services/session/src/access.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts'],
    ['services/session/src/deps.ts', './config.ts'],
    ['services/session/src/deps.ts', 'bullmq'],
    ['services/session/src/rpc/create-session.ts', '../deps.ts'],
    ['services/session/src/rpc/create-session.ts', '../events.ts'],
    ['services/session/src/rpc/create-session.ts', '../store/sessions.ts'],
    ['services/session/src/rpc/create-session.ts', '../wire/session.ts'],
    ['services/session/src/main.ts', './http/serve-http.ts'],
    ['services/session/src/http/serve-http.ts', './forward-auth.ts'],
    ['services/session/src/http/forward-auth.ts', '../edge/decide.ts'],
    ['services/session/src/http/serve-http.ts', '../access.ts'],
    ['services/session/src/rpc/check.ts', '../edge/decide.ts'],
    ['services/session/src/edge/decide.ts', '../domain/csrf.ts'],
    ['services/session/src/wire/session.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts'],
    ['services/session/src/wire/session.ts', '../domain/session.ts'],
    ['services/session/src/rpc/create-session.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts'],
    ['services/session/src/jobs/sweep-sessions.ts', '../deps.ts'],
    ['services/session/src/jobs/sweep-sessions.ts', 'bullmq'],
    ['services/session/src/store/sessions.ts', '../domain/session.ts'],
    ['services/session/src/store/sessions.ts', '@gatehouse/postgres'],
    ['services/session/src/peers/authz.ts', '@gatehouse/proto/gatehouse/authz/v1/authz.ts'],
    ['services/session/src/domain/session.ts', './token.ts'],
    ['services/session/src/domain/session.ts', '@gatehouse/failure'],
    ['services/session/src/domain/edge-request.ts', '@gatehouse/verify'],
    ['services/session/src/domain/session.ts', 'node:crypto'],
    ['services/session/src/domain/session.test.ts', 'vitest'],
    ['services/session/test/create-session.test.ts', '../src/store/sessions.ts'],
    ['services/session/test/create-session.test.ts', '@gatehouse/authz-service'],
    ['services/session/test/create-session.test.ts', '@gatehouse/testing'],
    ['services/session/test/create-session.test.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts'],
    ['packages/postgres/src/database.ts', 'pg'],
    ['packages/postgres/test/database.test.ts', '@gatehouse/testing'],
    ['packages/redis/src/bus.ts', 'ioredis'],
    ['packages/redis/src/queues.ts', 'bullmq'],
    ['packages/rpc/src/serve.ts', '@grpc/grpc-js'],
    ['packages/rpc/src/serve.ts', '@gatehouse/proto/health/v1/health.ts'],
    ['packages/http/src/calling-peer.ts', '@gatehouse/rpc'],
    ['packages/mesh/src/trail.ts', '@gatehouse/postgres'],
    ['packages/testing/src/harness.ts', '@gatehouse/mesh'],
    ['packages/client/src/channel/open-channel.ts', '@grpc/grpc-js'],
    ['packages/client/src/verify/access-token-verifier.ts', 'jose'],
    ['packages/client/src/sessions/validation.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts'],
    ['packages/client/test/service.ts', '@gatehouse/testing'],
    ['packages/client/test/service.ts', '@gatehouse/session-service'],
    ['packages/client/test/http-guards.test.ts', 'express'],
    ['services/session/src/rpc/introspect-token.ts', '@gatehouse/client/verify'],
    ['examples/orders-service/src/server.ts', '@gatehouse/client'],
    ['examples/orders-service/src/server.ts', 'fastify'],
    ['examples/orders-service/test/orders.test.ts', '@gatehouse/testing'],
    ['bench/src/servers/ceiling.ts', '@grpc/grpc-js'],
    ['cli/src/up.ts', '@gatehouse/identity-service'],
    ['tools/src/golden.ts', '@gatehouse/testing'],
    ['test/mesh/sign-in.test.ts', '@gatehouse/session-service'],
    ['vitest.config.ts', './packages/testing/src/reporter.ts'],
    ['packages/testing/test/fixtures/vitest.config.ts', '../../../../vitest.config.ts'],
  ])('lets %s import %s', async (file, specifier) => {
    expect(await refusalsOf(file, `import type { A } from '${specifier}';`)).toEqual([]);
  });

  it.each([
    [
      'services/session/src/service.ts',
      './store/sessions.ts',
      'service imports only rpc, deps of its service, not store',
    ],
    ['services/session/src/service.ts', './config.ts', 'service imports only rpc, deps of its service, not config'],
    ['services/session/src/service.ts', './access.ts', 'service imports only rpc, deps of its service, not access'],
    ['services/session/src/access.ts', './domain/session.ts', 'access imports nothing of its service, not domain'],
    ['services/session/src/rpc/create-session.ts', './revoke-session.ts', 'an RPC never imports an RPC'],
    ['services/session/src/deps.ts', './rpc/create-session.ts', /^deps imports only .*, not rpc$/],
    ['services/session/src/deps.ts', './main.ts', /^deps imports only .*, not main$/],
    ['services/session/src/deps.ts', './edge/decide.ts', /^deps imports only .*, not edge$/],
    ['services/session/src/rpc/check.ts', '../http/forward-auth.ts', /^rpc imports only .*, not http$/],
    ['services/session/src/http/forward-auth.ts', '../rpc/check.ts', /^http imports only .*, not rpc$/],
    ['services/session/src/edge/decide.ts', '../wire/permit.ts', /^edge imports only .*, not wire$/],
    ['services/session/src/edge/decide.ts', '../access.ts', /^edge imports only .*, not access$/],
    ['services/session/src/rpc/create-session.ts', '../config.ts', /^rpc imports only .*, not config$/],
    ['services/session/src/rpc/create-session.ts', '../access.ts', /^rpc imports only .*, not access$/],
    ['services/session/src/jobs/sweep-sessions.ts', '../rpc/create-session.ts', /^jobs imports only .*, not rpc$/],
    [
      'services/session/src/events.ts',
      './store/sessions.ts',
      'events imports only deps, domain of its service, not store',
    ],
    ['services/session/src/store/sessions.ts', '../peers/authz.ts', /^store imports only .*, not peers$/],
    ['services/session/src/store/sessions.ts', '../deps.ts', /^store imports only .*, not deps$/],
    ['services/session/src/peers/authz.ts', '../store/sessions.ts', /^peers imports only .*, not store$/],
    [
      'services/session/src/domain/session.ts',
      '../store/sessions.ts',
      'domain imports only domain of its service, not store',
    ],
    ['services/session/src/wire/session.ts', '../store/sessions.ts', /^wire imports only domain, wire .*, not store$/],
    ['services/session/src/store/sessions.ts', '../wire/session.ts', /^store imports only .*, not wire$/],
    ['services/session/src/config.ts', './deps.ts', 'config imports only domain of its service, not deps'],
    ['services/session/src/domain/session.ts', 'node:fs', /^the domain is pure/],
    ['services/session/src/domain/session.ts', 'zod', /^the domain is pure/],
    ['services/session/src/domain/session.ts', '@gatehouse/process', /^the domain is pure/],
    [
      'services/session/src/domain/session.ts',
      '@gatehouse/proto/gatehouse/session/v1/session.ts',
      /^wire messages stop/,
    ],
    [
      'services/session/src/store/sessions.ts',
      '@gatehouse/proto/gatehouse/session/v1/session.ts',
      /^wire messages stop/,
    ],
    ['services/session/src/events.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts', /^wire messages stop/],
    ['services/session/src/deps.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts', /^wire messages stop/],
    ['services/session/src/jobs/sweep.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts', /^wire messages stop/],
    ['services/session/src/edge/a.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts', /^wire messages stop/],
    ['services/session/src/http/a.ts', '@gatehouse/proto/gatehouse/session/v1/session.ts', /^wire messages stop/],
    ['services/session/src/peers/authz.ts', '@gatehouse/authz-service', 'a service never imports a service'],
    [
      'services/session/src/peers/authz.ts',
      '../../../authz/src/main.ts',
      'a relative import may not leave its package',
    ],
    ['services/session/src/main.ts', '@gatehouse/cli', 'a service never imports cli'],
    ['services/session/test/a.test.ts', '@gatehouse/tools', 'a service never imports tools'],
    ['services/session/src/main.ts', '@gatehouse/testing', 'a service imports testing only in its tests'],
    ['services/session/src/main.ts', '../test/harness.ts', 'only a test imports a test'],
    [
      'services/session/test/a.test.ts',
      '../../authz/src/store/roles.ts',
      'a relative import may not leave its package',
    ],
    [
      'services/session/test/a.test.ts',
      '@gatehouse/authz-service/src/store/roles.ts',
      /^a package is entered by its entry/,
    ],
    ['test/mesh/sign-in.test.ts', '@gatehouse/session-service/src/main.ts', /^a package is entered by its entry point/],
    ['test/mesh/sign-in.test.ts', '../../services/session/src/main.ts', 'a relative import may not leave its package'],
    ['cli/src/up.ts', '@gatehouse/postgres/src/pool.ts', /^a package is entered by its entry point/],
    ['cli/src/up.ts', '/tmp/other.ts', 'a relative import may not leave its package'],
    ['cli/src/up.ts', '../../../other.ts', 'a relative import may not leave its package'],
    ['packages/testing/src/rig.ts', '../../../vitest.config.ts', 'a relative import may not leave its package'],
    ['packages/testing/test/a.test.ts', '../../../other.ts', 'a relative import may not leave its package'],
    ['vitest.config.ts', '../other.ts', 'a relative import may not leave its package'],
    ['packages/mesh/src/trail.ts', '@gatehouse/audit-service', 'a package never imports a service'],
    ['packages/testing/test/a.test.ts', '@gatehouse/audit-service', 'a package never imports a service'],
    ['packages/testing/src/harness.ts', '@gatehouse/cli', 'a package never imports cli'],
    ['packages/testing/src/harness.ts', '@gatehouse/bench', 'a package never imports bench'],
    ['packages/testing/src/harness.ts', '@gatehouse/tools', 'a package never imports tools'],
    ['packages/failure/src/failure.ts', '@gatehouse/process', 'failure imports no package'],
    ['packages/process/src/clock.ts', '@gatehouse/rpc', 'process imports only failure'],
    ['packages/rpc/src/serve.ts', '@gatehouse/postgres', 'rpc imports only failure, process, verify, proto'],
    ['packages/postgres/src/pool.ts', '@gatehouse/redis', 'postgres imports only failure, process'],
    ['packages/postgres/src/pool.ts', '@gatehouse/testing', 'postgres imports only failure, process'],
    ['packages/redis/src/bus.ts', '@gatehouse/proto/a.ts', 'redis imports only failure, process'],
    [
      'packages/mesh/src/trail.ts',
      '@gatehouse/testing',
      /^mesh imports only failure, process, verify, rpc, postgres, redis, proto$/,
    ],
    ['packages/client/src/sessions/validation.ts', '@gatehouse/failure', 'client imports only verify, proto'],
    ['packages/client/src/index.ts', '@gatehouse/session-service', 'a package never imports a service'],
    ['packages/client/src/http/fastify-session.ts', 'fastify', /^the client depends only on @grpc\/grpc-js, /],
    ['packages/client/src/tokens/keys.ts', 'undici', /^the client depends only on /],
    ['examples/orders-service/src/server.ts', '@gatehouse/rpc', /^an example uses only what is published/],
    ['examples/orders-service/src/server.ts', '@gatehouse/session-service', /^an example uses only what is published/],
    ['examples/orders-service/src/server.ts', '@gatehouse/proto/a.ts', /^an example uses only what is published/],
    [
      'examples/orders-service/src/server.ts',
      '../../../packages/client/src/index.ts',
      /^a relative import may not leave/,
    ],
    ['examples/orders-service/src/server.ts', '@grpc/grpc-js', /^@grpc\/grpc-js is imported only in/],
    ['packages/novel/src/index.ts', '@gatehouse/failure', /^novel has no line in the package graph/],
    ['services/session/src/store/sessions.ts', 'pg', 'pg is imported only in packages/postgres'],
    ['services/session/test/a.test.ts', 'pg', 'pg is imported only in packages/postgres'],
    ['packages/testing/src/postgres.ts', 'pg', 'pg is imported only in packages/postgres'],
    ['services/session/src/store/cache.ts', 'ioredis', 'ioredis is imported only in packages/redis'],
    ['services/session/src/store/queue.ts', 'bullmq', /^bullmq is imported only in packages\/redis and the jobs/],
    ['cli/src/queues.ts', 'bullmq', /^bullmq is imported only in/],
    ['services/session/src/main.ts', '@grpc/grpc-js', /^@grpc\/grpc-js is imported only in packages\/rpc/],
    ['services/session/test/a.test.ts', '@grpc/grpc-js/build/src/call.js', /^@grpc\/grpc-js is imported only in/],
    ['bench/src/servers/other.ts', '@grpc/grpc-js', /^@grpc\/grpc-js is imported only in/],
    ['packages/process/src/run-main.ts', 'node:process', 'process is used as the global that it is'],
  ])('refuses that %s imports %s', async (file, specifier, refusal) => {
    const expected = [refusal instanceof RegExp ? expect.stringMatching(refusal) : refusal];
    for (const source of [
      `import type { A } from '${specifier}';`,
      `export * from "${specifier}";`,
      `const a = await import(\`${specifier}\`);`,
    ]) {
      expect(await refusalsOf(file, source)).toEqual(expected);
    }
  });

  it('refuses an import that only computes its module', async () => {
    expect(await refusalsOf('cli/src/up.ts', 'await import(name);')).toEqual([
      'the module is computed, so that nobody can tell what is imported',
    ]);
  });

  it('refuses a file of a service that is in no layer', async () => {
    expect(await refusalsOf('services/session/src/helpers/a.ts', '')).toEqual([
      expect.stringMatching(/^src\/helpers is none of a service's layers/),
    ]);
    expect(await refusalsOf('services/session/src/utils.ts', '')).toHaveLength(1);
  });

  it.each([
    'services/session/src/config.ts',
    'packages/testing/src/config.ts',
    'cli/bootstrap/run.mjs',
    'examples/orders-service/src/config.ts',
    'vitest.config.ts',
  ])('lets %s read the environment', async (file) => {
    expect(await refusalsOf(file, 'export const env = process.env;')).toEqual([]);
  });

  it.each([
    'services/session/src/deps.ts',
    'services/session/test/a.test.ts',
    'packages/testing/src/postgres.ts',
    'packages/testing/src/my-config.ts',
    'packages/client/src/connect-gatehouse.ts',
    'examples/orders-service/src/main.ts',
    'cli/src/up.ts',
    'cli/bootstrap/run/deep.mjs',
    'other.config.ts',
  ])('refuses that %s reads the environment', async (file) => {
    expect(await refusalsOf(file, 'export const env = process.env;')).toEqual(['only a config.ts reads process.env']);
  });

  it('looks at nothing that is generated or installed', async () => {
    const root = await plantTree({
      'proto/gen/ts/a.ts': "import '@grpc/grpc-js';",
      'node_modules/a/a.js': "require('pg');",
      'packages/rpc/dist/a.js': "require('pg');",
    });
    expect(await checkBoundaries(root)).toEqual([]);
  });
});
