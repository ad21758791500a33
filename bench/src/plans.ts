import { Freshness } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Plan } from './measure.ts';
import { PATHS } from './servers/paths.ts';
import { BATCH, batches } from './work/batches.ts';
import { batchedChecks, checks, type KnownCheck, streamedChecks } from './work/checks.ts';
import { edgeChecks } from './work/edge.ts';
import type { Question } from './work/prove.ts';
import type { KnownSession } from './work/sessions.ts';
import { validations } from './work/validate.ts';

/** A row, and the questions that it asks of what its stage has prepared. */
export interface PlannedRow<Prepared> extends Omit<Plan, 'questions'> {
  questions(prepared: Prepared): readonly Question[];
}

/** Aims: see "Speed" in the design. */
const AIM_L1 = 0.85;
const AIM_STRICT = 0.65;
const AIM_BATCH = 20;
const AIM_STREAM = 3;

const validate = { path: PATHS.validateSession, port: 'app', topic: 'session' } as const;
const check = { path: PATHS.check, port: 'app', topic: 'authz-grants' } as const;

const bounded = (sessions: readonly KnownSession[]) => validations(sessions, Freshness.FRESHNESS_BOUNDED);
const strict = (sessions: readonly KnownSession[]) => validations(sessions, Freshness.FRESHNESS_STRICT);

export const SESSION_ROWS: readonly PlannedRow<readonly KnownSession[]>[] = [
  { ...validate, name: 'validate, L1', aim: AIM_L1, load: 'generator', questions: bounded },
  { ...validate, name: 'validate, STRICT', aim: AIM_STRICT, load: 'generator', questions: strict },
  { ...validate, name: 'validate, L1, peak (h2load, one token)', aim: AIM_L1, load: 'h2load', questions: bounded },
  { ...validate, name: 'validate, L1, mTLS', aim: AIM_L1, load: 'generator', port: 'tls', questions: bounded },
  {
    ...validate,
    name: `validate, L1, batches of ${BATCH}`,
    aim: AIM_BATCH,
    load: 'generator',
    path: PATHS.batchValidateSessions,
    weight: BATCH,
    questions: batches,
  },
  {
    ...validate,
    name: 'validate, L1, one stream',
    aim: AIM_STREAM,
    load: 'stream',
    path: PATHS.streamValidateSessions,
    questions: bounded,
  },
  {
    name: 'edge check, L1',
    load: 'generator',
    path: PATHS.edgeCheck,
    port: 'edge',
    topic: 'session',
    questions: edgeChecks,
  },
];

/** With no decision recorded. */
export const AUTHZ_ROWS: readonly PlannedRow<readonly KnownCheck[]>[] = [
  { ...check, name: 'check, L1, half denied', aim: AIM_L1, load: 'generator', questions: checks },
  { ...check, name: 'check, L1, peak (h2load, one question)', aim: AIM_L1, load: 'h2load', questions: checks },
  {
    ...check,
    name: `check, L1, batches of ${BATCH}`,
    aim: AIM_BATCH,
    load: 'generator',
    path: PATHS.batchCheck,
    weight: BATCH,
    questions: batchedChecks,
  },
  {
    ...check,
    name: 'check, L1, one stream',
    aim: AIM_STREAM,
    load: 'stream',
    path: PATHS.streamCheck,
    questions: streamedChecks,
  },
];

/** With every denial on its way to the audit trail, as the service is configured unless it is told otherwise. */
export const AUTHZ_RECORDED_ROWS: readonly PlannedRow<readonly KnownCheck[]>[] = [
  { ...check, name: 'check, L1, half denied, denials recorded', load: 'generator', questions: checks },
];
