import { describe, expect, it } from 'vitest';
import { GatehouseError } from '../gatehouse-error.ts';
import { type Deferred, deferred } from './deferred.ts';
import { type Batch, createLookups, type Demand, type Finding } from './lookups.ts';

/** What is found out about a token. */
interface Found {
  readonly sessionId: string;
}

const BATCH_MAX = 500;

const BOUNDED: Demand = { freshness: 'bounded', consistencyToken: '' };
const STRICT: Demand = { freshness: 'strict', consistencyToken: '' };
const PATIENT = { signal: undefined, timeoutMs: undefined };
const DEADLINE_MS = 3_000;
const JOIN_MS = 750;

const found = (token: string): Found => ({ sessionId: token });
const findings = ({ subjects }: Batch<string>): Finding<Found>[] => subjects.map(found);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lookups whose questions the test answers. */
function byHand({ pendingMax = 10_000 } = {}) {
  const sent: (Batch<string> & { answer: Deferred<readonly Finding<Found>[]> })[] = [];
  const clock = { nowMs: 0 };
  const made = createLookups<string, Found>({
    send: (batch) => {
      const answer = deferred<readonly Finding<Found>[]>();
      sent.push({ ...batch, answer });
      return answer.promise;
    },
    batchMax: BATCH_MAX,
    plural: 'tokens',
    nowMs: () => clock.nowMs,
    deadlineMs: DEADLINE_MS,
    pendingMax,
    joinMs: JOIN_MS,
  });
  const lookups = {
    ...made,
    find: (token: string, demand: Demand, caller: Parameters<typeof made.find>[3]) =>
      made.find(token, token, demand, caller),
    get pending() {
      return made.pending;
    },
  };
  const answerAll = () => {
    for (const batch of sent) batch.answer.resolve(findings(batch));
  };
  return { lookups, sent, clock, answerAll };
}

describe('lookups', () => {
  it('ask once for one token, however many callers want it', async () => {
    const { lookups, sent, answerAll } = byHand();
    const waiting = Array.from({ length: 100 }, () => lookups.find('a', BOUNDED, PATIENT));
    await turn();
    expect(sent.map(({ subjects }) => subjects)).toEqual([['a']]);
    expect(lookups.pending).toBe(1);
    answerAll();
    expect(await Promise.all(waiting)).toEqual(Array(100).fill(found('a')));
    expect(lookups.pending).toBe(0);
  });

  it('gather different tokens into one question, and give each caller its own answer', async () => {
    const { lookups, sent, answerAll } = byHand();
    const waiting = ['a', 'b', 'c', 'a'].map((token) => lookups.find(token, BOUNDED, PATIENT));
    await turn();
    expect(sent.map(({ subjects }) => subjects)).toEqual([['a', 'b', 'c']]);
    answerAll();
    expect(await Promise.all(waiting)).toEqual(['a', 'b', 'c', 'a'].map(found));
  });

  it('never ask for more than a question may hold', async () => {
    const { lookups, sent, answerAll } = byHand();
    const tokens = Array.from({ length: 1_201 }, (_, index) => `t${index}`);
    const waiting = tokens.map((token) => lookups.find(token, BOUNDED, PATIENT));
    await turn();
    expect(sent.map((batch) => batch.subjects.length)).toEqual([BATCH_MAX, BATCH_MAX, 201]);
    answerAll();
    expect(await Promise.all(waiting)).toEqual(tokens.map(found));
  });

  it('keep apart what is asked with different demands', async () => {
    const { lookups, sent } = byHand();
    const later: Demand = { freshness: 'bounded', consistencyToken: 'v1' };
    for (const demand of [BOUNDED, STRICT, later, BOUNDED]) void lookups.find('a', demand, PATIENT);
    await turn();
    const demands = sent.map(({ freshness, consistencyToken }) => ({ freshness, consistencyToken }));
    expect(demands).toEqual([BOUNDED, STRICT, later]);
  });

  it('let those who are content with the bound join what was sent a moment ago, and nobody else', async () => {
    const { lookups, sent, clock } = byHand();
    void lookups.find('a', BOUNDED, PATIENT);
    void lookups.find('a', STRICT, PATIENT);
    await turn();
    clock.nowMs = JOIN_MS - 1;
    void lookups.find('a', BOUNDED, PATIENT);
    await turn();
    expect(sent).toHaveLength(2);
    void lookups.find('a', STRICT, PATIENT);
    await turn();
    expect(sent).toHaveLength(3);
    clock.nowMs = JOIN_MS;
    void lookups.find('a', BOUNDED, PATIENT);
    await turn();
    expect(sent).toHaveLength(4);
  });

  it('let nobody join once something has changed', async () => {
    const { lookups, sent } = byHand();
    void lookups.find('a', BOUNDED, PATIENT);
    await turn();
    lookups.sealSent();
    void lookups.find('a', BOUNDED, PATIENT);
    await turn();
    expect(sent).toHaveLength(2);
  });

  it('begin anew after an answer, whatever it was', async () => {
    const { lookups, sent } = byHand();
    const first = lookups.find('a', BOUNDED, PATIENT);
    await turn();
    sent[0]?.answer.reject(new GatehouseError('UNAVAILABLE', 'SERVER_UNREACHABLE', 'No.'));
    await expect(first).rejects.toMatchObject({ reason: 'SERVER_UNREACHABLE' });
    const second = lookups.find('a', BOUNDED, PATIENT);
    await turn();
    sent[1]?.answer.resolve([found('a')]);
    expect(await second).toEqual(found('a'));
  });

  it('reject only whom a refusal is about', async () => {
    const { lookups, sent } = byHand();
    const waiting = ['a', 'b'].map((token) => lookups.find(token, BOUNDED, PATIENT));
    await turn();
    sent[0]?.answer.resolve([new GatehouseError('UNAUTHENTICATED', 'SESSION_EXPIRED', 'Over.'), found('b')]);
    await expect(waiting[0]).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    expect(await waiting[1]).toEqual(found('b'));
  });

  it('fail at once when too many are waited for, but not for a token that is asked for already', async () => {
    const { lookups, sent, answerAll } = byHand({ pendingMax: 2 });
    const waiting = ['a', 'b'].map((token) => lookups.find(token, BOUNDED, PATIENT));
    await expect(lookups.find('c', BOUNDED, PATIENT)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'CLIENT_QUEUE_FULL',
    });
    waiting.push(lookups.find('a', BOUNDED, PATIENT));
    await turn();
    waiting.push(lookups.find('b', BOUNDED, PATIENT));
    answerAll();
    await Promise.all(waiting);
    expect(sent).toHaveLength(1);
    void lookups.find('c', BOUNDED, PATIENT);
    await turn();
    expect(sent).toHaveLength(2);
  });

  it('let one caller go without the others', async () => {
    const { lookups, sent, answerAll } = byHand();
    const abort = new AbortController();
    const leaving = lookups.find('a', BOUNDED, { signal: abort.signal, timeoutMs: undefined });
    const staying = lookups.find('a', BOUNDED, PATIENT);
    await turn();
    abort.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(sent[0]?.signal.aborted).toBe(false);
    answerAll();
    expect(await staying).toEqual(found('a'));
  });

  it('take a token back that nobody wants any more before it was sent', async () => {
    const { lookups, sent } = byHand();
    const abort = new AbortController();
    const leaving = lookups.find('a', BOUNDED, { signal: abort.signal, timeoutMs: undefined });
    void lookups.find('b', BOUNDED, PATIENT);
    abort.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'CANCELLED' });
    await turn();
    expect(sent.map(({ subjects }) => subjects)).toEqual([['b']]);
    expect(lookups.pending).toBe(1);
  });

  it('give a question up when all who asked have gone', async () => {
    const { lookups, sent } = byHand();
    const aborts = [new AbortController(), new AbortController()];
    const leaving = aborts.map(({ signal }, index) =>
      lookups.find(`t${index}`, BOUNDED, { signal, timeoutMs: undefined }),
    );
    await turn();
    aborts[0]?.abort();
    expect(sent[0]?.signal.aborted).toBe(false);
    aborts[1]?.abort();
    expect(sent[0]?.signal.aborted).toBe(true);
    await Promise.allSettled(leaving);
  });

  it('honour a shorter time of one caller, and let a longer one make nobody wait', async () => {
    const { lookups, sent } = byHand();
    // Expected at once: a slow turn of the event loop may outlast it.
    const hasty = expect(lookups.find('a', BOUNDED, { signal: undefined, timeoutMs: 5 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    void lookups.find('a', BOUNDED, PATIENT).catch(() => {});
    void lookups.find('a', BOUNDED, { signal: AbortSignal.timeout(100), timeoutMs: 10_000 }).catch(() => {});
    await turn();
    expect(sent.map(({ timeoutMs }) => timeoutMs)).toEqual([DEADLINE_MS, 10_000]);
    await hasty;
    lookups.close();
  });

  it('reject everybody when they are closed, and all who come later', async () => {
    const { lookups, sent } = byHand();
    const isClosed = (found: Promise<unknown>) => expect(found).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    const asked = isClosed(lookups.find('a', BOUNDED, PATIENT));
    await turn();
    const gathered = isClosed(lookups.find('b', STRICT, PATIENT));
    lookups.close();
    await Promise.all([asked, gathered, isClosed(lookups.find('c', BOUNDED, PATIENT))]);
    await turn();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.signal.aborted).toBe(true);
  });
});
