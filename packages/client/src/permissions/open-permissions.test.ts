import { EventEmitter } from 'node:events';
import {
  type BatchCheckRequest,
  type CheckResult,
  Decision,
  Effect,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type {
  GetUserGrantsRequest,
  GetUserGrantsResponse,
  ReadModelResponse,
  WatchChangesRequest,
  WatchChangesResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import { openPermissions } from './open-permissions.ts';
import type { Permissions } from './permissions.ts';

const ROLE = '0190a0b0-0000-7000-8000-0000000000ff';
const userOf = (number: number) => `0190a0b0-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
const ANN = userOf(1);
const ALLOWED_BY_SERVICE: CheckResult = { decision: Decision.DECISION_ALLOWED, undetermined: '', error: undefined };

/** A service that is worked by hand. Whoever is a holder has a role that allows documents:read. */
class HandService {
  readonly asked: string[] = [];
  readonly batches: BatchCheckRequest[] = [];
  readonly holders = new Map<string, bigint>();
  modelRevision = 1n;
  condition = '';
  /** What is done before grants are answered, after they were read. */
  beforeGrants: () => Promise<void> | void = () => {};
  beforeModel: () => Promise<void> | void = () => {};
  result: CheckResult = ALLOWED_BY_SERVICE;
  stream = new EventEmitter();
  answersWatch = true;
  readonly channel = {
    deadlineMs: 3_000,
    call: async ({ path }: { path: string }, request: unknown) => {
      const method = path.split('/').at(-1) ?? '';
      this.asked.push(method);
      return method === 'GetUserGrants'
        ? this.grants(request as GetUserGrantsRequest)
        : this.check(request as BatchCheckRequest);
    },
    read: async (_rpc: unknown, _request: unknown, each: (part: ReadModelResponse) => void) => {
      this.asked.push('ReadModel');
      const revision = this.modelRevision;
      await this.beforeModel();
      const permissions = [{ name: 'documents:read', effect: Effect.EFFECT_ALLOW, condition: this.condition }];
      const roles = [{ roleId: ROLE, name: 'reader', parentRoleId: '', permissions }];
      each({ revision, roles, isComplete: false });
      each({ revision, roles: [{ ...(roles[0] as (typeof roles)[0]), permissions: [] }], isComplete: true });
    },
    stream: () => {
      const stream = Object.assign(new EventEmitter(), {
        cancel: () => {},
        write: ({ question }: WatchChangesRequest) => {
          if (!this.answersWatch) return;
          const value = { question, stalenessMs: 0, resumeToken: 'token', databaseTime: new Date() };
          setImmediate(() => this.tell({ $case: 'answer', value }));
        },
      });
      this.stream = stream;
      return stream;
    },
    close: () => {},
  } as unknown as Channel;

  tell(event: WatchChangesResponse['event']): void {
    this.stream.emit('data', { event });
  }
  change(userId: string, revision: bigint): void {
    this.tell({ $case: 'changes', value: { changes: [{ userId, revision, changedAt: undefined }] } });
  }
  times(method: string): number {
    return this.asked.filter((each) => each === method).length;
  }
  private async grants({ userIds }: GetUserGrantsRequest): Promise<GetUserGrantsResponse> {
    const grant = { roleId: ROLE, scope: '', validFrom: undefined, validUntil: undefined, condition: '' };
    const users = userIds.map((userId) => {
      const revision = this.holders.get(userId);
      return { userId, revision: revision ?? 0n, grants: revision === undefined ? [] : [grant] };
    });
    const response = { users, modelRevision: this.modelRevision };
    await this.beforeGrants();
    return response;
  }
  private check(request: BatchCheckRequest) {
    this.batches.push(request);
    return { results: request.items.map(() => this.result) };
  }
}

let service: HandService;
let permissions: Permissions;
let close: () => void;
let warnings: string[];

const open = () => {
  warnings = [];
  const options = { channel: service.channel, cache: { heartbeatMs: 20, boundMs: 5_000 }, pendingMax: 1_000 };
  ({ permissions, close } = openPermissions({ ...options, onWarning: ({ message }) => warnings.push(message) }));
};
const read = (userId: string) => ({ userId, permission: 'documents:read' });
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Has the client begun its watch, and know the model. */
async function current(): Promise<void> {
  await permissions.check(read(userOf(999)));
  for (let turns = 0; turns < 100 && !permissions.statistics().isCurrent; turns += 1) await turn();
  expect(permissions.statistics().isCurrent).toBe(true);
}

beforeEach(() => {
  service = new HandService();
  service.holders.set(ANN, 1n);
  open();
});
afterEach(() => close());

describe('a check', () => {
  it('is decided by the service until memory may decide', async () => {
    expect(permissions.peek(read(ANN))).toBeUndefined();
    expect(await permissions.check(read(ANN))).toEqual({ isAllowed: true, undetermined: '' });
    expect(service.asked).toContain('BatchCheck');
  });

  it('reads grants once, and is then decided from memory, a denial too', async () => {
    await current();
    const asked = service.asked.length;
    const bob = read(userOf(2));
    const verdicts = await Promise.all([ANN, ANN, userOf(2)].map((userId) => permissions.check(read(userId))));
    expect(verdicts.map(({ isAllowed }) => isAllowed)).toEqual([true, true, false]);
    expect(service.asked.slice(asked)).toEqual(['GetUserGrants']);
    expect([permissions.peek(read(ANN))?.isAllowed, permissions.peek(bob)?.isAllowed]).toEqual([true, false]);
    expect((await permissions.check(bob)).isAllowed).toBe(false);
    expect(permissions.statistics()).toMatchObject({ remembered: 2, hits: 3, pending: 0 });
    expect(service.asked.slice(asked)).toEqual(['GetUserGrants']);
  });

  it('is not decided by what has changed since, nor by what was read before that', async () => {
    await current();
    await permissions.check(read(ANN));
    service.holders.delete(ANN);
    service.change(ANN, 2n);
    expect(permissions.peek(read(ANN))).toBeUndefined();
    service.holders.set(ANN, 1n);
    const answer = Promise.withResolvers<void>();
    service.beforeGrants = () => answer.promise;
    const overtaken = permissions.check(read(ANN));
    await turn();
    service.change(ANN, 3n);
    answer.resolve();
    expect((await overtaken).isAllowed).toBe(true);
    expect(permissions.peek(read(ANN))).toBeUndefined();
  });

  it('asks anew after a change, instead of joining what was asked before', async () => {
    await current();
    const answer = Promise.withResolvers<void>();
    service.beforeGrants = () => answer.promise;
    const before = permissions.check(read(ANN));
    await turn();
    service.holders.delete(ANN);
    service.change(ANN, 2n);
    const after = permissions.check(read(ANN));
    await turn();
    answer.resolve();
    expect([(await before).isAllowed, (await after).isAllowed]).toEqual([true, false]);
  });

  it('is decided by the service while the model is read again', async () => {
    await current();
    await permissions.check(read(ANN));
    const model = Promise.withResolvers<void>();
    service.beforeModel = () => model.promise;
    service.modelRevision = 2n;
    service.change('', 2n);
    expect(permissions.peek(read(ANN))).toBeUndefined();
    const batches = service.times('BatchCheck');
    await permissions.check(read(ANN));
    expect(service.times('BatchCheck')).toBe(batches + 1);
    model.resolve();
    await turn();
    expect(permissions.peek(read(ANN))?.isAllowed).toBe(true);
  });

  it('never judges grants by a model that is older than they are', async () => {
    await current();
    service.modelRevision = 2n;
    const batches = service.times('BatchCheck');
    await permissions.check(read(ANN));
    expect(permissions.peek(read(ANN))).toBeUndefined();
    expect(service.times('BatchCheck')).toBe(batches + 1);
  });

  it('is decided by the service when grants can not be read, and fails when that can not tell either', async () => {
    await current();
    service.beforeGrants = () => {
      throw new GatehouseError('UNAVAILABLE', 'POSTGRES_UNAVAILABLE', 'Gone.');
    };
    expect((await permissions.check(read(ANN))).isAllowed).toBe(true);
    const error = { reason: 'REDIS_UNAVAILABLE', message: 'Gone.', retryable: true };
    service.result = { decision: Decision.DECISION_UNSPECIFIED, undetermined: '', error };
    const failed = permissions.check(read(ANN));
    await expect(failed).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'REDIS_UNAVAILABLE' });
    service.result = { decision: Decision.DECISION_UNSPECIFIED, undetermined: '', error: undefined };
    await expect(permissions.check(read(ANN))).rejects.toMatchObject({ reason: 'RESPONSE_INVALID' });
    expect(permissions.peek(read(ANN))).toBeUndefined();
  });

  it.each(['x.y(', 'request.notYetKnown == 1'])(
    'leaves to the service what depends on the condition %s',
    async (condition) => {
      service.condition = condition;
      await current();
      const batches = service.times('BatchCheck');
      expect((await permissions.check(read(ANN))).isAllowed).toBe(true);
      expect(service.times('BatchCheck')).toBe(batches + 1);
      expect(permissions.peek({ userId: ANN, permission: 'documents:write' })?.isAllowed).toBe(false);
    },
  );

  it('with a token is decided from memory that is as new, else by newer grants, else by the service', async () => {
    await current();
    await permissions.check(read(ANN));
    const token = (modelRevision: bigint, userId = '', userRevision = 0n) => {
      const bytes = Buffer.alloc(userId ? 35 : 11);
      bytes.set([1, 8]);
      bytes.writeBigUInt64BE(modelRevision, 2);
      if (userId) {
        bytes[10] = 24;
        bytes.write(userId.replaceAll('-', ''), 11, 'hex');
        bytes.writeBigUInt64BE(userRevision, 27);
      }
      return bytes.toString('base64url');
    };
    const asked = () => [service.times('GetUserGrants'), service.times('BatchCheck')];
    const [grants = 0, batches = 0] = asked();
    for (const met of [token(1n), token(1n, ANN, 1n), token(0n, userOf(2), 9n)]) {
      expect(permissions.peek(read(ANN), { consistencyToken: met })?.isAllowed).toBe(true);
      await permissions.check(read(ANN), { consistencyToken: met });
    }
    expect(asked()).toEqual([grants, batches]);
    service.holders.set(ANN, 2n);
    const newer = { consistencyToken: token(1n, ANN, 2n) };
    expect(permissions.peek(read(ANN), newer)).toBeUndefined();
    expect((await permissions.check(read(ANN), newer)).isAllowed).toBe(true);
    expect(asked()).toEqual([grants + 1, batches]);
    expect(permissions.peek(read(ANN), newer)?.isAllowed).toBe(true);
    for (const [index, unmet] of [token(2n), token(1n, ANN, 3n), 'of another version', `${token(1n)}x`].entries()) {
      expect(permissions.peek(read(ANN), { consistencyToken: unmet })).toBeUndefined();
      await permissions.check(read(ANN), { consistencyToken: unmet });
      expect(service.times('BatchCheck')).toBe(batches + index + 1);
      const requirement = service.batches.at(-1)?.consistency?.requirement;
      expect(requirement).toEqual({ $case: 'atLeastAsFresh', value: unmet });
    }
  });

  it('that is to be read from the database is decided by the service', async () => {
    await current();
    await permissions.check(read(ANN));
    await permissions.check(read(ANN), { freshness: 'strict' });
    const requirement = service.batches.at(-1)?.consistency?.requirement;
    expect(requirement).toEqual({ $case: 'fullyConsistent', value: true });
  });

  it('shares its question with the same ones, and not with what is asked with attributes', async () => {
    const attributes = { flag: true };
    await Promise.all([
      permissions.check(read(ANN)),
      permissions.check(read(ANN)),
      permissions.check({ ...read(ANN), context: { attributes } }),
      permissions.check({ ...read(ANN), context: { attributes } }),
      permissions.check({ ...read(ANN), context: { ip: '10.0.0.1' } }),
    ]);
    expect(service.batches).toHaveLength(1);
    expect(service.batches[0]?.items).toHaveLength(4);
  });

  it('tells the service of an address in its one form, which is that of memory', async () => {
    await Promise.all(
      ['::FFFF:10.0.0.1', '[2001:DB8::1]:443', 'fe80::1%eth0'].map((ip) =>
        permissions.check({ ...read(ANN), context: { ip } }),
      ),
    );
    const told = service.batches.flatMap(({ items }) => items.map(({ context }) => context?.ip));
    expect(told).toEqual(['10.0.0.1', '2001:db8::1', 'fe80::1']);
  });

  it('is refused here when it breaks a limit, whatever is in memory', async () => {
    await current();
    await permissions.check(read(ANN));
    const wrong = { userId: ANN, permission: 'documents:*' };
    expect(permissions.peek(wrong)).toBeUndefined();
    expect(permissions.peek({ ...read(ANN), resource: 'x' })).toBeUndefined();
    expect(permissions.peek({ ...read(ANN), context: { ip: 'x' } })).toBeUndefined();
    await expect(permissions.check(wrong)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'FIELD_INVALID',
      fields: [{ field: 'permission' }],
    });
  });

  it('of a caller who has given up, or has no time, is not asked', async () => {
    const aborted = permissions.check(read(ANN), { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(permissions.check(read(ANN), { timeoutMs: 0 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(service.asked).toEqual([]);
  });

  it('rejects with CLIENT_CLOSED once the client is closed', async () => {
    await current();
    await permissions.check(read(ANN));
    service.beforeGrants = () => new Promise(() => {});
    const waiting = permissions.check(read(userOf(3)));
    close();
    await expect(waiting).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    expect(permissions.peek(read(ANN))).toBeUndefined();
    await expect(permissions.check(read(ANN))).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
  });
});

it('refuses options that can not be', () => {
  const withCache = (cache: object) => () =>
    openPermissions({ channel: service.channel, cache, pendingMax: 1, onWarning: () => {} });
  expect(withCache({ maxUsers: -1 })).toThrow(RangeError);
  expect(withCache({ boundMs: 100, heartbeatMs: 100 })).toThrow(RangeError);
  expect(withCache({ boundMs: 60_001 })).toThrow(RangeError);
});

it('opens no watch where nothing is to be remembered', async () => {
  const options = { channel: service.channel, pendingMax: 1, onWarning: () => {} };
  const { stream } = service;
  const none = openPermissions({ ...options, cache: { maxUsers: 0 } });
  expect((await none.permissions.check(read(ANN))).isAllowed).toBe(true);
  expect(service.stream).toBe(stream);
  none.close();
});
