import { ask, type CertificateFiles, freePort, type HttpAsk, type HttpReply, testAuthority } from '@gatehouse/testing';
import { ALWAYS, type Fixture, type FixtureOptions, permission, startFixture } from './fixture.ts';

/** The authz service with its HTTP door open. */
export interface AuthzenFixture extends Fixture {
  readonly port: number;
  readonly url: string;
  /** Asks as an application, fully consistent unless the headers say otherwise. A text is sent as it stands. */
  post(path: string, body: unknown, more?: PostOptions): Promise<HttpReply>;
  /** The JSON of an answer that is well. */
  answer(path: string, body: unknown, more?: PostOptions): Promise<Answer>;
  certificate(peer: string): Promise<CertificateFiles>;
  /** Creates a permission under a condition. */
  guarded(name: string, condition: string): Promise<void>;
  /** Gives a role that holds the permissions to a user. */
  give(userId: string, permissions: string[], change?: Partial<typeof ALWAYS>): Promise<string>;
  /** Gives a role that denies the permission to a user. */
  forbid(userId: string, name: string, scope?: string): Promise<void>;
}

export interface PostOptions extends Pick<HttpAsk, 'method' | 'headers'> {
  readonly peer?: string;
}

/** The members that answers have. */
export interface Answer {
  readonly decision?: boolean;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly evaluations?: readonly { readonly decision: boolean; readonly context?: object }[];
  readonly page?: { readonly next_token: string; readonly count: number };
  readonly results?: readonly Readonly<Record<string, string>>[];
}

export const EVALUATION = '/access/v1/evaluation';
export const EVALUATIONS = '/access/v1/evaluations';
export const SUBJECTS = '/access/v1/search/subject';
export const RESOURCES = '/access/v1/search/resource';
export const ACTIONS = '/access/v1/search/action';
export const METADATA = '/.well-known/authzen-configuration';

export async function startAuthzen(options: FixtureOptions = {}): Promise<AuthzenFixture> {
  const port = await freePort();
  const env = { GATEHOUSE_AUTHZ_HTTP_LISTEN: `127.0.0.1:${port}`, ...options.env };
  const [fixture, authority] = await Promise.all([startFixture({ ...options, env }), testAuthority()]);
  const url = `https://localhost:${port}`;
  const certificate = (peer: string) => authority.issue(peer);
  const post: AuthzenFixture['post'] = async (path, body, { peer = 'app/shop', headers, method = 'POST' } = {}) => {
    const standard = { 'content-type': 'application/json', 'gatehouse-consistency': 'fully_consistent' };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return ask(url + path, { method, body: text, headers: { ...standard, ...headers } }, await certificate(peer));
  };
  const roles = new Map<string, Promise<string>>();
  return {
    ...fixture,
    port,
    url,
    post,
    certificate,
    async answer(path, body, more) {
      const reply = await post(path, body, more);
      if (reply.status !== 200) throw new Error(`${reply.status} ${reply.body}`);
      if (reply.headers['content-type'] !== 'application/json') throw new Error('The answer is no JSON.');
      return JSON.parse(reply.body);
    },
    async guarded(name, condition) {
      await fixture.operator.createPermission({ ...permission(name), condition });
    },
    async give(userId, permissions, change = {}) {
      const key = permissions.join();
      if (!roles.has(key)) roles.set(key, fixture.role({ permissions }));
      const roleId = (await roles.get(key)) ?? '';
      return (await fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, ...change })).consistencyToken;
    },
    async forbid(userId, name, scope = '') {
      await fixture.role({ permissions: [name] });
      const { role } = await fixture.operator.createRole({
        name: `denies-${userId.slice(0, 8)}-${name.replace(':', '-')}`,
        description: '',
        parentRoleId: '',
        permissions: [],
        denialConditions: [],
        deniedPermissions: [name],
      });
      await fixture.operator.grantRole({ userId, roleId: role?.roleId ?? '', reason: '', ...ALWAYS, scope });
    },
  };
}

/** An evaluation of a user. */
export function evaluation(userId: string, action: string, resource: { type: string; id: string }) {
  return { subject: { type: 'user', id: userId }, action: { name: action }, resource };
}
