import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { redisVariables } from '@gatehouse/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IDENTITY_HEADERS } from '../src/domain/edge-headers.ts';
import { parsePolicy, parseSettings } from '../src/domain/edge-policy.ts';

// Istio, Envoy Gateway and Traefik are not run, and Envoy only where it is there (proxies.test.ts). What can be said without
// them: the files are well formed, Envoy's own protos know every field of them, and Gatehouse accepts every policy in them.
const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
const DEPLOY = join(ROOT, 'deploy');
const PROTOS = ['envoy-api', 'googleapis', 'xds', 'protoc-gen-validate'];
const CONFIGURED = [
  'config/bootstrap/v3/bootstrap.proto',
  'extensions/filters/http/ext_authz/v3/ext_authz.proto',
  'extensions/filters/http/router/v3/router.proto',
  'extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto',
  'extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'extensions/transport_sockets/tls/v3/tls.proto',
  'extensions/upstreams/http/v3/http_protocol_options.proto',
  'extensions/access_loggers/stream/v3/stream.proto',
];

type Json = { readonly [key: string]: Json } & readonly Json[] & string;
let home: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-examples-'));
  const shipped = join(ROOT, 'node_modules/@grpc/grpc-js-xds/deps');
  for (const name of PROTOS) cpSync(join(shipped, name), join(home, name), { recursive: true });
  writeFileSync(
    join(home, 'buf.yaml'),
    `version: v2\nmodules: [${PROTOS.map((path) => `{ path: ${path} }`).join(', ')}]\n`,
  );
  // Envoy's protos use one rule that the copy of the rules beside them is too old for.
  patch('protoc-gen-validate/validate/validate.proto', [
    [/^message StringRules \{$/m, '$&\n  optional bool ignore_empty = 26;'],
  ]);
  // And this one came after the copy.
  patch('envoy-api/envoy/config/common/mutation_rules/v3/mutation_rules.proto', [
    [/^import .*$/m, '$&\nimport "envoy/type/matcher/v3/string.proto";'],
    [
      /^message HeaderMutation \{$/m,
      'message RemoveOnMatch { type.matcher.v3.StringMatcher key_matcher = 1; }\n\n$&\n',
    ],
    [/^ {4}core\.v3\.HeaderValueOption append = 2;$/m, '$&\n    RemoveOnMatch remove_on_match = 3;'],
  ]);
  await buf(['build', '-o', 'image.binpb', ...CONFIGURED.flatMap((path) => ['--path', `envoy-api/envoy/${path}`])]);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('deploy/compose/envoy.yaml', () => {
  it('is a configuration that Envoy knows every field of', async () => {
    await expect(convert(example('compose/envoy.yaml'), 'envoy.config.bootstrap.v3.Bootstrap')).resolves.toBeDefined();
    const misspelt = example('compose/envoy.yaml').replace('failure_mode_allow', 'failure_mode_alow');
    await expect(convert(misspelt, 'envoy.config.bootstrap.v3.Bootstrap')).rejects.toThrow('failure_mode_alow');
  });

  it("closes when Gatehouse can't tell, and reads paths and headers as applications do", async () => {
    const manager = await envoyManager();
    expect(manager).toMatchObject({
      normalizePath: true,
      mergeSlashes: true,
      pathWithEscapedSlashesAction: 'REJECT_REQUEST',
      useRemoteAddress: true,
      commonHttpProtocolOptions: { headersWithUnderscoresAction: 'DROP_HEADER' },
    });
    const [first, second] = manager.httpFilters ?? [];
    expect(second?.name).toBe('envoy.filters.http.router');
    expect(first?.typedConfig).toMatchObject({
      transportApiVersion: 'V3',
      encodeRawHeaders: true,
      statusOnError: { code: 'ServiceUnavailable' },
      grpcService: { envoyGrpc: { clusterName: 'gatehouse-session' } },
    });
    // Protobuf's JSON leaves out what is false.
    expect(first?.typedConfig).not.toHaveProperty('failureModeAllow');
    expect(first?.typedConfig).not.toHaveProperty('clearRouteCache');
    expect(first?.typedConfig).not.toHaveProperty('allowedHeaders');
  });

  it('has times that belong together, as the page reckons them', async () => {
    const grpcService = (await envoyManager()).httpFilters?.[0]?.typedConfig?.grpcService;
    const retryPolicy = grpcService?.retryPolicy;
    const pause = seconds(retryPolicy?.retryBackOff?.baseInterval);
    const once = seconds(retryPolicy?.retryBackOff?.maxInterval);
    const tries = Number(retryPolicy?.numRetries) + 1;
    const cluster = await gatehouseCluster();
    const [check] = cluster.healthChecks ?? [];
    const redis = Number(redisVariables.GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS.parse(undefined)) / 1_000;
    expect(once, 'a try outlasts a Redis that does not answer').toBeGreaterThan(redis + 0.1);
    expect(seconds(cluster.connectTimeout), 'so does a connection, within a try').toBeLessThan(once);
    expect(seconds(grpcService?.timeout), 'all tries fit').toBeGreaterThan(tries * once + pause);
    expect(seconds(check?.noTrafficInterval)).toBe(seconds(check?.interval));
    const drain = Number(/GATEHOUSE_DRAIN_DELAY_MS` of session \| (\d+) /.exec(page('flows/edge.md'))?.[1]) / 1_000;
    expect(drain, 'who is stopped outlasts a check').toBeGreaterThan(
      seconds(check?.interval) + seconds(check?.timeout),
    );
    expect(retryPolicy?.retryOn).toBe('connect-failure,refused-stream,reset');
    expect(cluster.circuitBreakers?.thresholds?.[0]?.retryBudget).toMatchObject({ budgetPercent: { value: 20 } });
  });

  it("drops what looks like a header of Gatehouse's before a route is chosen, in every spelling", async () => {
    const [early] = (await envoyManager()).earlyHeaderMutationExtensions ?? [];
    expect(early?.name).toBe('envoy.http.early_header_mutation.header_mutation');
    const patterns = (early?.typedConfig?.mutations ?? []).map(
      (each: Json) => each.removeOnMatch?.keyMatcher?.safeRegex?.regex,
    );
    const drops = (name: string) => patterns.some((each) => new RegExp(`^(?:${each})$`).test(name));
    for (const name of [...IDENTITY_HEADERS, 'x-tenant']) {
      expect(drops(name), name).toBe(true);
      for (const other of [..."!#$%&'*+._`|~^"]) expect(drops(name.replaceAll('-', other)), other).toBe(true);
    }
    for (const name of ['x-authentic', 'x-request-id', 'x-tenants', 'cookie']) expect(drops(name), name).toBe(false);
  });

  it('has policies that Gatehouse accepts, and lets no credential through where it does not ask', async () => {
    const routes = (await envoyManager()).routeConfig?.virtualHosts?.[0]?.routes ?? [];
    const settings = routes.map((route) => perRoute(route)?.checkSettings?.contextExtensions);
    expect(settings.filter((each) => each !== undefined)).toHaveLength(2);
    for (const each of settings) expect(() => parsePolicy(Object.entries(each ?? {}))).not.toThrow();
    const unasked = routes.filter((route) => String(perRoute(route)?.disabled) === 'true');
    expect(unasked).toHaveLength(1);
    const removed = expect.arrayContaining(['cookie', 'authorization']);
    for (const route of unasked) expect(route.requestHeadersToRemove).toEqual(removed);
  });
});

describe('deploy/compose', () => {
  it.each(['nginx.conf', 'Caddyfile', 'traefik.yaml'])('%s has policies that Gatehouse accepts', (file) => {
    const text = example(`compose/${file}`);
    const policies = text.match(/[a-z_]+=[^\s";?]+/g) ?? [];
    const written = policies.filter((each) => /^(?:anonymous|min_level)=/.test(each));
    expect(written).toHaveLength(2);
    for (const each of written) expect(() => parsePolicy(parseSettings(each))).not.toThrow();
  });

  it('traefik.yaml copies what Gatehouse answers, removes what it does not, and believes no client', async () => {
    const { http } = await parsed('compose/traefik.yaml');
    const middlewares = Object.entries(http?.middlewares ?? {});
    expect(middlewares.map(([name]) => name)).toEqual(['admin', 'anonymous', 'no-identity', 'session']);
    for (const [name, { forwardAuth }] of middlewares) {
      expect(forwardAuth).toMatchObject({
        trustForwardHeader: false,
        authResponseHeaders: expect.arrayContaining(['Cookie', 'Authorization']),
      });
      const copied = new RegExp(String(forwardAuth?.authResponseHeadersRegex).replace('(?i)', ''), 'i');
      for (const each of [...IDENTITY_HEADERS, 'X-Auth_Roles', 'X-Tenant']) {
        expect(each).toMatch(copied);
        for (const other of [..."!#$%&'*+._`|~^"]) expect(each.replaceAll('-', other)).toMatch(copied);
      }
      if (name === 'no-identity') continue;
      expect(forwardAuth?.address).toMatch(/^https:\/\/127\.0\.0\.1:7207\/forward-auth\/[^?]*$/);
      // A list would keep headers from Gatehouse that reach the application.
      expect(forwardAuth).not.toHaveProperty('authRequestHeaders');
    }
    const { services } = await parsed('compose/compose.yaml');
    const itself = new URL(String(http?.middlewares?.['no-identity']?.forwardAuth?.address));
    expect(itself.pathname).toBe('/ping');
    expect(services?.traefik?.command).toEqual(
      expect.arrayContaining([`--entrypoints.ping.address=${itself.host}`, '--ping.entrypoint=ping']),
    );
  });

  it('compose.yaml starts each proxy with its example and the certificates of up', async () => {
    const { services } = await parsed('compose/compose.yaml');
    for (const [proxy, file] of Object.entries({
      envoy: 'envoy.yaml',
      nginx: 'nginx.conf',
      caddy: 'Caddyfile',
      traefik: 'traefik.yaml',
    })) {
      const volumes = services?.[proxy]?.volumes ?? [];
      expect(volumes).toContainEqual(expect.stringMatching(new RegExp(`^\\./${file}:.*:ro$`)));
      expect(volumes).toContain('../../.gatehouse/tls:/etc/gatehouse/tls:ro');
    }
  });
});

describe('deploy/istio', () => {
  it("closes when Gatehouse can't tell, and the policy names the provider", async () => {
    const { extensionProviders } = await parsed('istio/extension-provider.yaml');
    const [provider] = extensionProviders ?? [];
    expect(provider?.envoyExtAuthzGrpc).toMatchObject({
      failOpen: false,
      statusOnError: '503',
      timeout: '1s',
      port: 7102,
    });
    const [policy, rule] = await parsedAll('istio/authorization-policy.yaml');
    expect(policy).toMatchObject({
      kind: 'AuthorizationPolicy',
      spec: { action: 'CUSTOM', provider: { name: provider?.name } },
    });
    expect(rule?.spec?.host).toBe(provider?.envoyExtAuthzGrpc?.service);
  });

  it('gives Envoy settings that it knows every field of, and policies that Gatehouse accepts', async () => {
    const filter = (await parsedAll('istio/authorization-policy.yaml')).find(
      ({ kind }) => String(kind) === 'EnvoyFilter',
    );
    const values = (filter?.spec?.configPatches ?? []).map(({ patch }) => patch?.value);
    const messages = values.flatMap((value) => [
      ...Object.values(value?.typed_per_filter_config ?? {}),
      ...(value?.typed_config ? [value.typed_config] : []),
    ]);
    expect(messages).toHaveLength(3);
    for (const message of messages) {
      const { checkSettings } = await convert(JSON.stringify(message), 'google.protobuf.Any');
      expect(() => parsePolicy(Object.entries(checkSettings?.contextExtensions ?? {}))).not.toThrow();
    }
    const manager = await convert(JSON.stringify(messages[1]), 'google.protobuf.Any');
    const shipped = await envoyManager();
    expect(manager.earlyHeaderMutationExtensions).toEqual(shipped.earlyHeaderMutationExtensions);
    const asking = await convert(JSON.stringify(messages[2]), 'google.protobuf.Any');
    const initialMetadata = shipped.httpFilters?.[0]?.typedConfig?.grpcService?.initialMetadata;
    expect(initialMetadata).toMatchObject([{ key: 'x-gatehouse-client-address' }]);
    expect(asking.grpcService?.initialMetadata).toEqual(initialMetadata);
    expect(asking.grpcService?.retryPolicy).toEqual(shipped.httpFilters?.[0]?.typedConfig?.grpcService?.retryPolicy);
    const patched = filter?.spec?.configPatches?.find(({ applyTo }) => String(applyTo) === 'CLUSTER')?.patch?.value;
    const { healthChecks, commonLbConfig, circuitBreakers } = await gatehouseCluster();
    expect(await convert(JSON.stringify(patched), 'envoy.config.cluster.v3.Cluster')).toEqual({
      healthChecks,
      commonLbConfig,
      circuitBreakers,
    });
  });
});

describe('deploy/envoy-gateway', () => {
  it("closes when Gatehouse can't tell, sends it every header, and may reach it", async () => {
    const [security, grant, tls] = await parsedAll('envoy-gateway/security-policy.yaml');
    const extAuth = security?.spec?.extAuth;
    expect(extAuth).toMatchObject({ failOpen: false, recomputeRoute: false, timeout: '1s' });
    expect(extAuth?.grpc?.backendSettings?.retry).toMatchObject({
      numRetries: 1,
      retryOn: { triggers: ['connect-failure', 'refused-stream', 'reset'] },
      perRetry: { timeout: '400ms' },
    });
    expect(extAuth).not.toHaveProperty('headersToExtAuth');
    const [backend] = extAuth?.grpc?.backendRefs ?? [];
    expect(backend).toMatchObject({ name: grant?.spec?.to?.[0]?.name, namespace: grant?.metadata?.namespace });
    expect(grant?.spec?.from?.[0]?.namespace).toBe(security?.metadata?.namespace);
    expect(tls?.spec?.targetRefs?.[0]?.name).toBe(backend?.name);
    const [, , traffic] = await parsedAll('envoy-gateway/gateway.yaml');
    expect(traffic?.spec).toMatchObject({
      path: { disableMergeSlashes: false, escapedSlashesAction: 'RejectRequest' },
      headers: { withUnderscoresAction: 'DropHeader' },
    });
    const removed = traffic?.spec?.headers?.earlyRequestHeaders?.remove ?? [];
    expect(removed.map((name) => String(name).toLowerCase())).toEqual(expect.arrayContaining([...IDENTITY_HEADERS]));
  });
});

async function envoyManager(): Promise<Json> {
  const bootstrap = await convert(example('compose/envoy.yaml'), 'envoy.config.bootstrap.v3.Bootstrap');
  const filter = bootstrap.staticResources?.listeners?.[0]?.filterChains?.[0]?.filters?.[0];
  if (!filter?.typedConfig) throw new Error('There is no HTTP connection manager.');
  return filter.typedConfig;
}

/** Changes a file of the copy, as the rules say, each of which has to find something. */
function patch(file: string, rules: readonly (readonly [found: RegExp, replacement: string])[]): void {
  const path = join(home, file);
  const patched = rules.reduce(
    (text, [found, replacement]) => {
      if (!found.test(text)) throw new Error(`${file} does not hold ${found}.`);
      return text.replace(found, replacement);
    },
    readFileSync(path, 'utf8'),
  );
  writeFileSync(path, patched);
}

/** The cluster of the example that Gatehouse is. */
async function gatehouseCluster(): Promise<Json> {
  const { staticResources } = await convert(example('compose/envoy.yaml'), 'envoy.config.bootstrap.v3.Bootstrap');
  const cluster = staticResources?.clusters?.find(({ name }) => String(name) === 'gatehouse-session');
  if (!cluster) throw new Error('There is no cluster of Gatehouse.');
  return cluster;
}

function seconds(duration: Json | undefined): number {
  return Number.parseFloat(String(duration));
}

function page(file: string): string {
  return readFileSync(join(ROOT, 'docs', file), 'utf8');
}

function perRoute(route: Json): Json | undefined {
  return route.typedPerFilterConfig?.['envoy.filters.http.ext_authz'];
}

function example(file: string): string {
  return readFileSync(join(DEPLOY, file), 'utf8');
}

async function parsed(file: string): Promise<Json> {
  const [only, ...others] = await parsedAll(file);
  if (!only || others.length > 0) throw new Error(`${file} is not one document.`);
  return only;
}

function parsedAll(file: string): Promise<Json[]> {
  const documents = example(file).split(/^---$/m);
  return Promise.all(documents.map((text) => convert(text, 'google.protobuf.Struct')));
}

let count = 0;

/** Reads YAML as a message, strictly: a field that the message does not have is an error. */
async function convert(yaml: string, type: string): Promise<Json> {
  count += 1;
  const file = `message-${count}.yaml`;
  writeFileSync(join(home, file), yaml);
  const json = await buf([
    'convert',
    'image.binpb',
    '--type',
    type,
    '--from',
    `${file}#format=yaml`,
    '--to',
    '-#format=json',
  ]);
  return JSON.parse(json);
}

async function buf(args: readonly string[]): Promise<string> {
  const { stdout } = await run(join(ROOT, 'node_modules/.bin/buf'), args, { cwd: home });
  return stdout;
}
