import { describeLayers, readLayerHits } from './cache-layers.ts';
import { type DriveOptions, drive, type Measured } from './load/drive.ts';
import { toFrame } from './load/grpc-frame.ts';
import { h2load } from './load/h2load.ts';
import type { Exchange } from './load/pump.ts';
import { pumpStream } from './load/pump-stream.ts';
import type { Target, TlsFiles } from './load/target.ts';
import { median, type Row, ratioOf } from './row.ts';
import { CEILING_REPLY } from './servers/ceiling-reply.ts';
import { PATHS } from './servers/paths.ts';
import type { StartedServer } from './start-server.ts';
import { prove, type Question } from './work/prove.ts';

/** One row to measure. */
export interface Plan {
  readonly name: string;
  readonly aim?: number;
  /** `h2load` sends one request over and over; it can't have a client certificate. `stream` asks over one stream. */
  readonly load: 'generator' | 'h2load' | 'stream';
  /** Full name of the RPC. */
  readonly path: string;
  /** Which of the service's ports. */
  readonly port: 'app' | 'edge' | 'tls';
  readonly questions: readonly Question[];
  /** How many things one answer is about; 1 unless it is a batch. */
  readonly weight?: number;
  /** Topic of the cache that answers. */
  readonly topic: string;
}

/** What all rows are measured with. */
export interface Rig {
  readonly ceiling: StartedServer;
  readonly warmUpMs: number;
  readonly runMs: number;
  /** How often a row is measured; the one with the median ratio is told. */
  readonly rounds: number;
  /** Undefined: rows that need it are left out. */
  readonly h2load: string | undefined;
  readonly clientFiles: TlsFiles;
  readonly signal: AbortSignal;
}

const CEILING_ANSWER = toFrame(CEILING_REPLY);

/** Measures a row, as often as is asked for. Undefined when the row can't be had on this machine. */
export async function measure(plan: Plan, service: StartedServer, rig: Rig): Promise<Row | undefined> {
  if (plan.load === 'h2load' && rig.h2load === undefined) return undefined;
  const rows: Row[] = [];
  while (rows.length < rig.rounds) rows.push(await measureOnce(plan, service, rig));
  return median(rows, ratioOf);
}

/** Measures the ceiling, the service and the ceiling again. */
async function measureOnce(plan: Plan, service: StartedServer, rig: Rig): Promise<Row> {
  const tls = plan.port === 'tls' ? rig.clientFiles : undefined;
  const target = { port: service.port(plan.port), path: plan.path, tls };
  const ceilingTarget = { port: rig.ceiling.port(tls ? 'tls' : 'plain'), path: PATHS.validateSession, tls };
  const ceilingPlan = { ...plan, load: plan.load === 'stream' ? 'generator' : plan.load, weight: 1 } as const;
  const exchanges = await prove(target, plan.questions, rig.signal);
  const constant = ceilingExchanges(plan, exchanges);
  const hits = async () => readLayerHits(await service.metrics(), plan.topic);

  const before = await run(ceilingPlan, rig, ceilingTarget, constant, rig.ceiling);
  const hitsBefore = await hits();
  const measured = await run(plan, rig, target, exchanges, service);
  const answeredFrom = describeLayers(hitsBefore, await hits());
  const after = await run(ceilingPlan, rig, ceilingTarget, constant, rig.ceiling);
  return {
    name: plan.name,
    aim: plan.aim,
    service: measured,
    ceilings: [before, after],
    isPlain: plan.load !== 'h2load' && !tls,
    answeredFrom,
  };
}

/**
 * What the ceiling is asked: the requests of the row. For a batch it is a small request, because the ceiling stands for one
 * call about one thing.
 */
function ceilingExchanges({ weight = 1 }: Plan, exchanges: readonly Exchange[]): Exchange[] {
  if (weight > 1) return [{ request: CEILING_ANSWER, answer: CEILING_ANSWER }];
  return exchanges.map(({ request }) => ({ request, answer: CEILING_ANSWER }));
}

async function run(
  { load, weight = 1 }: Plan,
  { warmUpMs, runMs, signal, h2load: file }: Rig,
  target: Target,
  exchanges: readonly Exchange[],
  server: StartedServer,
): Promise<Measured> {
  const options: DriveOptions = { warmUpMs, runMs, signal, cpuMs: () => server.cpuMs() };
  const [one] = exchanges;
  if (load === 'stream') return drive(target, exchanges, options, pumpStream);
  if (load === 'h2load' && file !== undefined && one) return h2load(file, target, one, options);
  return weigh(await drive(target, exchanges, options), weight);
}

/** Counts the things that answers were about. Times stay those of a call. */
function weigh({ perSecond, cpuUs, ...times }: Measured, weight: number): Measured {
  return { ...times, perSecond: perSecond * weight, cpuUs: cpuUs === undefined ? undefined : cpuUs / weight };
}
