import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IDENTITY_HEADERS } from '../src/domain/edge-headers.ts';
import { parsePolicy, parseSettings } from '../src/domain/edge-policy.ts';

// Envoy, Istio, Envoy Gateway and Traefik are not run here. What can be said without them: the files are well formed,
// Envoy's own protos know every field of them, and Gatehouse accepts every policy in them.
const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
const DEPLOY = join(ROOT, 'deploy');
const PROTOS = ['envoy-api', 'googleapis', 'xds', 'protoc-gen-validate'];
const CONFIGURED = [
  'config/bootstrap/v3/bootstrap.proto',
  'extensions/filters/http/ext_authz/v3/ext_authz.proto',
  'extensions/filters/http/router/v3/router.proto',
  'extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
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
  const rules = join(home, 'protoc-gen-validate/validate/validate.proto');
  const old = readFileSync(rules, 'utf8');
  writeFileSync(rules, old.replace(/^message StringRules \{$/m, '$&\n  optional bool ignore_empty = 26;'));
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
      grpcService: { envoyGrpc: { clusterName: 'gatehouse-session' }, timeout: '0.250s' },
    });
    // Protobuf's JSON leaves out what is false.
    expect(first?.typedConfig).not.toHaveProperty('failureModeAllow');
    expect(first?.typedConfig).not.toHaveProperty('clearRouteCache');
    expect(first?.typedConfig).not.toHaveProperty('allowedHeaders');
  });

  it('has policies that Gatehouse accepts, and lets no identity through where it does not ask', async () => {
    const routes = (await envoyManager()).routeConfig?.virtualHosts?.[0]?.routes ?? [];
    const settings = routes.map((route) => perRoute(route)?.checkSettings?.contextExtensions);
    expect(settings.filter((each) => each !== undefined)).toHaveLength(2);
    for (const each of settings) expect(() => parsePolicy(Object.entries(each ?? {}))).not.toThrow();
    const unasked = routes.filter((route) => String(perRoute(route)?.disabled) === 'true');
    expect(unasked).toHaveLength(1);
    const removed = expect.arrayContaining([...IDENTITY_HEADERS, 'x-tenant', 'cookie', 'authorization']);
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
    const asking = Object.values(http?.middlewares ?? {})
      .map(({ forwardAuth }) => forwardAuth)
      .filter((each) => each !== undefined);
    expect(asking).toHaveLength(3);
    for (const each of asking) {
      expect(each).toMatchObject({
        trustForwardHeader: false,
        authResponseHeaders: expect.arrayContaining(['Cookie', 'Authorization']),
      });
      expect(each.address).toMatch(/^https:\/\/127\.0\.0\.1:7207\/forward-auth\/[^?]*$/);
      const copied = new RegExp(String(each.authResponseHeadersRegex).replace('(?i)', ''), 'i');
      for (const name of [...IDENTITY_HEADERS, 'X_Auth_Subject', 'X-Auth_Roles']) expect(name).toMatch(copied);
    }
    const stripped = http?.middlewares?.['no-identity']?.headers?.customRequestHeaders ?? {};
    const names = Object.keys(stripped).map((name) => name.toLowerCase());
    expect(names).toEqual(expect.arrayContaining([...IDENTITY_HEADERS, 'cookie', 'authorization']));
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
      timeout: '0.25s',
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
    expect(messages).toHaveLength(2);
    for (const message of messages) {
      const { checkSettings } = await convert(JSON.stringify(message), 'google.protobuf.Any');
      expect(() => parsePolicy(Object.entries(checkSettings?.contextExtensions ?? {}))).not.toThrow();
    }
  });
});

describe('deploy/envoy-gateway', () => {
  it("closes when Gatehouse can't tell, sends it every header, and may reach it", async () => {
    const [security, grant, tls] = await parsedAll('envoy-gateway/security-policy.yaml');
    const extAuth = security?.spec?.extAuth;
    expect(extAuth).toMatchObject({ failOpen: false, recomputeRoute: false });
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
  });
});

async function envoyManager(): Promise<Json> {
  const bootstrap = await convert(example('compose/envoy.yaml'), 'envoy.config.bootstrap.v3.Bootstrap');
  const filter = bootstrap.staticResources?.listeners?.[0]?.filterChains?.[0]?.filters?.[0];
  if (!filter?.typedConfig) throw new Error('There is no HTTP connection manager.');
  return filter.typedConfig;
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
