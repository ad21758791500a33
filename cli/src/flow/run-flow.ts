import { auditTrail } from './audit-trail.ts';
import { authorize } from './authorize.ts';
import { backup } from './backup.ts';
import { StepSkipped } from './expect.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { register } from './register.ts';
import { validate } from './validate.ts';
import { type Journey, newJourney, type World } from './world.ts';

/** What came of one step. */
export interface StepReport {
  readonly step: string;
  readonly status: 'ok' | 'skipped' | 'failed';
  /** What came back, or why it did not. */
  readonly result: string;
  readonly ms: number;
}

export type Step = readonly [name: string, take: (world: World, journey: Journey) => Promise<string>];

/** The steps of the flow, each of which builds on those before it. */
export const STEPS: readonly Step[] = [
  ['register', register],
  ['login', login],
  ['validate', validate],
  ['authorize', authorize],
  ['logout', logout],
  ['audit', auditTrail],
  ['backup', backup],
];

/** Takes the steps one after the other and tells of each; stops at the first that fails. True when none did. */
export async function runFlow(world: World, tell: (report: StepReport) => void, steps = STEPS): Promise<boolean> {
  const journey = newJourney();
  for (const [step, take] of steps) {
    const startedAt = performance.now();
    const report = (status: StepReport['status'], result: string) =>
      tell({ step, status, result, ms: Math.round(performance.now() - startedAt) });
    try {
      report('ok', await take(world, journey));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof StepSkipped) {
        report('skipped', why);
        continue;
      }
      report('failed', why);
      return false;
    }
  }
  return true;
}
