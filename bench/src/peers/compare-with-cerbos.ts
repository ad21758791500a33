import { measure, type Plan } from '../measure.ts';
import { type Figure, type Results, type Row, ratioOf } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { PrepareChecks, Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { startService } from '../start-service.ts';
import { BATCH } from '../work/batches.ts';
import { batchedChecks, checks, streamedChecks } from '../work/checks.ts';
import { checksOfOneUser } from '../work/one-user.ts';
import { CHECK_RESOURCES, cerbosChecks, cerbosMessages } from './cerbos-questions.ts';
import { installPeer } from './install-peer.ts';
import { startCerbos } from './start-cerbos.ts';

const NAME = 'peers: Cerbos';
const AIM_SINGLE = 3;
const AIM_BATCH = 10;

/**
 * Measures Cerbos beside authz: the same model, questions, load and processor, each against the ceiling around it, and
 * every answer checked. A batch is about one user, which is all that a request to Cerbos can be about.
 */
export async function compareWithCerbos(stage: Stage, prepareChecks: PrepareChecks): Promise<Results> {
  const { say, signal, placement, only } = stage;
  if (!NAME.includes(only)) return { rows: [], figures: [] };
  say('installing Cerbos');
  const peer = await installPeer('cerbos', signal);
  const messages = await cerbosMessages();
  await using authz = await startService(stage, 'authz');
  const known = await prepareChecks(authz);
  await stage.stores.settled('authz');
  say('starting Cerbos');
  await using cerbos = await startCerbos(peer, placement, signal);
  const ofOne = checksOfOneUser(known, BATCH);
  const measureOne = measureOn(stage);
  const ours = await measureOne(authz, { name: 'check, authz', path: PATHS.check, questions: checks(known) });
  const theirs = await measureOne(cerbos, {
    name: 'check, Cerbos',
    path: CHECK_RESOURCES,
    questions: cerbosChecks(messages, known),
  });
  const ourStream = await measureOne(authz, {
    name: 'check over one stream, authz',
    path: PATHS.streamCheck,
    load: 'stream',
    questions: streamedChecks(known),
  });
  const ourBatch = await measureOne(authz, {
    name: `batches of ${BATCH} of one user, authz`,
    path: PATHS.batchCheck,
    weight: BATCH,
    questions: batchedChecks(ofOne),
  });
  const theirBatch = await measureOne(cerbos, {
    name: `batches of ${BATCH} of one user, Cerbos`,
    path: CHECK_RESOURCES,
    weight: BATCH,
    questions: cerbosChecks(messages, ofOne, BATCH),
  });
  return {
    rows: [ours, theirs, ourStream, ourBatch, theirBatch],
    figures: [
      against('check', ours, theirs, AIM_SINGLE),
      // It has no streams: this is what a caller with much to ask gains.
      against('check over one stream', ourStream, theirs),
      against(`batches of ${BATCH} checks of one user`, ourBatch, theirBatch, AIM_BATCH),
    ],
  };
}

function measureOn(stage: Stage) {
  const same = { load: 'generator', port: 'app', topic: 'authz-grants' } as const;
  return async (
    server: StartedServer,
    plan: Pick<Plan, 'name' | 'path' | 'questions'> & Partial<Pick<Plan, 'load' | 'weight'>>,
  ): Promise<Row> => {
    stage.say(`measuring ${plan.name}`);
    const row = await measure({ ...same, ...plan }, server, stage);
    if (!row) throw new Error(`${plan.name} was not measured.`);
    return row;
  };
}

function against(what: string, ours: Row, theirs: Row, aim?: number): Figure {
  const figure = { name: `${what} ÷ Cerbos`, value: ratioOf(ours) / ratioOf(theirs), unit: 'ratio' } as const;
  return aim === undefined ? figure : { ...figure, aim, aimIs: 'at least' };
}
