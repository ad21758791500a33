import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@gatehouse/testing';
import { startAuditSink } from './audit-sink.ts';
import { chooseCores, findProgram, pinSelf } from './machine.ts';
import type { Options } from './options.ts';
import type { Results } from './row.ts';
import { runStages } from './stages.ts';
import { type Placement, startServer } from './start-server.ts';
import { startStores } from './stores.ts';

const TRUST_DOMAIN = 'bench.gatehouse.local';

/** Starts what is needed, measures all rows, and removes everything, also when it fails or the signal aborts it. */
export async function bench(options: Options, signal: AbortSignal, say: (line: string) => void): Promise<Results> {
  await using stack = new AsyncDisposableStack();
  const placement = place(options, say);
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const authority = await createAuthority({ directory, trustDomain: TRUST_DOMAIN });
  const [clientFiles, ceilingFiles, auditFiles, session, authz] = await Promise.all(
    ['app/bench', 'ceiling', 'audit', 'session', 'authz'].map((name) => authority.issue(name)),
  );
  if (!clientFiles || !ceilingFiles || !auditFiles || !session || !authz) throw new Error('A certificate is missing.');

  say('starting Postgres and Redis');
  const stores = stack.use(await startStores());
  const audit = stack.use(await startAuditSink(auditFiles, TRUST_DOMAIN));
  const { ca, cert, key } = ceilingFiles;
  const ceiling = stack.use(await startServer({ name: 'ceiling', args: [ca, cert, key], placement, signal }));
  return await runStages({
    ...options,
    ceiling,
    placement,
    stores,
    clientFiles,
    serviceFiles: { session, authz },
    auditAddress: audit.address,
    trustDomain: TRUST_DOMAIN,
    h2load: findProgram('h2load'),
    signal,
    say,
  });
}

/** Gives the servers one processor, and the load and the stores another. */
function place({ profiles }: Options, say: (line: string) => void): Placement {
  const taskset = findProgram('taskset');
  const cores = chooseCores();
  if (taskset && cores) {
    pinSelf(taskset, cores.load);
    return { pin: { taskset, cores }, profiles };
  }
  const why = taskset ? 'there are no two processors for it' : 'taskset is not on the PATH (Debian: util-linux)';
  say(`processes are not pinned, which makes ratios less sure: ${why}`);
  return { pin: undefined, profiles };
}
