import { ALLOWED, compileModel, plainGrant } from '@gatehouse/client/policy';
import { describe, expect, it } from 'vitest';
import { BOUNDED, type Demand, FULL } from '../src/domain/consistency.ts';
import { plainly } from '../src/domain/question.ts';
import { openDecisions } from '../src/store/decisions.ts';

interface Held {
  readonly version: bigint;
  /** Revision of the model that the grants were read with. */
  readonly modelRevision: bigint;
  readonly layer: 'l1' | 'l2' | 'l3';
}

/** Caches that hold what they are told to, and note what they are asked. */
function stand({
  held,
  memory,
  database = memory,
  isBusCurrent = true,
  lostBefore = 0n,
}: {
  readonly held: Held;
  /** Revision of the model in memory, and in Postgres. */
  readonly memory: bigint;
  readonly database?: bigint;
  readonly isBusCurrent?: boolean;
  /** Revisions below this one were lost where the database has not got them. */
  readonly lostBefore?: bigint;
}) {
  const asked: string[] = [];
  // A role allows what is asked for from the revision on that the grants were read with.
  const model = (revision: bigint) =>
    compileModel(revision, [
      {
        id: 'role',
        name: 'role',
        parentId: undefined,
        permissions:
          revision >= held.modelRevision ? [{ name: 'a:b', effect: 'allow' as const, condition: undefined }] : [],
      },
    ]);
  const value = { grants: [plainGrant('role')], modelRevision: held.modelRevision };
  const grants = {
    peek: (_id: string, minVersion = 0n) => (held.layer === 'l1' && held.version >= minVersion ? value : undefined),
    async get(_id: string, { freshness, minVersion }: { freshness: string; minVersion: bigint }) {
      asked.push(`grants ${freshness} ${minVersion}`);
      return { state: 'found', value, version: held.version, layer: held.layer };
    },
  };
  const models = {
    peek: (atLeast: bigint) => (memory >= atLeast ? model(memory) : undefined),
    async current(atLeast: bigint) {
      asked.push(`model ${atLeast}`);
      return model(memory >= atLeast ? memory : database);
    },
    async reach(revision: bigint) {
      asked.push(`model reached ${revision}`);
      return model(memory >= revision ? memory : database);
    },
  };
  const decisions = openDecisions({
    grants,
    models,
    bus: { current: isBusCurrent },
    databaseClock: { nowMs: () => 0 },
    timeline: { isLost: (revision: bigint) => revision < lostBefore },
  } as unknown as Parameters<typeof openDecisions>[0]);
  const question = (demand: Demand) => ({ ...plainly('user', 'a:b'), demand, nowMs: 0 });
  return {
    asked,
    peek: (demand: Demand) => decisions.peek(question(demand)),
    decide: (demand: Demand) => decisions.decide(question(demand), new AbortController().signal),
  };
}

const demanding = (modelRevision: bigint, userRevision: bigint): Demand => ({
  full: false,
  modelRevision,
  userRevision,
});
const IN_MEMORY = { version: 2n, modelRevision: 5n, layer: 'l1' } as const;
const FROM_POSTGRES = { ...IN_MEMORY, layer: 'l3' } as const;

describe('memory decides', () => {
  it.each([
    ['what makes no demand', BOUNDED],
    ['what demands no more than it has', demanding(5n, 2n)],
  ])('%s', (_, demand) => {
    expect(stand({ held: IN_MEMORY, memory: 5n }).peek(demand)).toEqual(ALLOWED);
  });

  it.each([
    ['what only Postgres may', FULL],
    ['what demands a newer model', demanding(6n, 0n)],
    ['what demands newer grants', demanding(0n, 3n)],
  ])('not %s', (_, demand) => {
    expect(stand({ held: IN_MEMORY, memory: 5n }).peek(demand)).toBeUndefined();
  });

  it('not by a model that is older than the grants, which would not know their roles', async () => {
    const { peek, decide, asked } = stand({ held: IN_MEMORY, memory: 4n, database: 5n });
    expect(peek(BOUNDED)).toBeUndefined();
    expect(await decide(BOUNDED)).toEqual(ALLOWED);
    expect(asked).toEqual(['grants bounded 0', 'model 5']);
  });
});

describe('a decision that has to wait', () => {
  it('reads grants and the revision of the model from Postgres in one statement when nothing else will do', async () => {
    const { decide, asked } = stand({ held: FROM_POSTGRES, memory: 4n, database: 5n });
    expect(await decide(FULL)).toEqual(ALLOWED);
    expect(asked).toEqual(['grants full 0', 'model reached 5']);
  });

  it('does so too while the bus is not current', async () => {
    const { decide, asked } = stand({ held: FROM_POSTGRES, memory: 5n, isBusCurrent: false });
    await decide(BOUNDED);
    expect(asked).toEqual(['grants bounded 0', 'model reached 5']);
  });

  it('compares the model for itself when the grants came from Redis meanwhile', async () => {
    const { decide, asked } = stand({ held: { ...IN_MEMORY, layer: 'l2' }, memory: 5n, isBusCurrent: false });
    await decide(BOUNDED);
    expect(asked).toEqual(['grants bounded 0', 'model 5']);
  });

  it('passes on what is demanded of grants and model', async () => {
    const { decide, asked } = stand({ held: { ...FROM_POSTGRES, version: 3n }, memory: 5n, database: 7n });
    expect(await decide(demanding(7n, 3n))).toEqual(ALLOWED);
    expect(asked).toEqual(['grants bounded 3', 'model 7']);
  });

  it('asks again for a model that a shared read was too early for', async () => {
    const { decide, asked } = stand({ held: FROM_POSTGRES, memory: 5n, database: 6n, isBusCurrent: false });
    expect(await decide(demanding(6n, 0n))).toEqual(ALLOWED);
    expect(asked).toEqual(['grants bounded 0', 'model reached 5', 'model 6']);
  });

  it.each([
    ['of grants', demanding(0n, 3n)],
    ['of the model', demanding(6n, 0n)],
  ])('refuses a demand %s that the database can not meet', async (_, demand) => {
    await expect(stand({ held: FROM_POSTGRES, memory: 5n }).decide(demand)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'CONSISTENCY_TOKEN_INVALID',
    });
  });

  it.each([
    ['of grants', demanding(0n, 3n)],
    ['of the model', demanding(6n, 0n)],
  ])('meets a demand %s that was lost in a failover by what there is', async (_, demand) => {
    expect(await stand({ held: FROM_POSTGRES, memory: 5n, lostBefore: 7n }).decide(demand)).toEqual(ALLOWED);
  });
});
