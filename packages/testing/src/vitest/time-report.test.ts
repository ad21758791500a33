import { expect, it } from 'vitest';
import { timeLines } from './time-report.ts';

const time = (setUpMs: number, testsMs: number) => ({ setUpMs, testsMs });

it('names the ten slowest files, the slowest first, with set-up and tests apart', () => {
  const times = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`services/audit/test/no-${index}.test.ts`, time(500, index * 1_000)]),
  );
  const lines = timeLines(times, 1_000, 60_000, { 'services/audit': 1_000 });
  expect(lines.slice(0, 3)).toEqual([
    'The slowest files:',
    '    0.5 s set-up +  11.0 s tests  services/audit/test/no-11.test.ts',
    '    0.5 s set-up +  10.0 s tests  services/audit/test/no-10.test.ts',
  ]);
  expect(lines.filter((line) => line.includes('set-up'))).toHaveLength(10);
});

it('says who has spent more than the budget, which is that of a machine of this speed', () => {
  const times = { 'services/audit/test/a.test.ts': time(10_000, 20_000) };
  const said = (calibratedMs: number, budget: number) =>
    timeLines(times, calibratedMs, 60_000, { 'services/audit': budget }).filter((line) => line.includes('budget:'));
  expect(said(1_000, 45)).toEqual([]);
  expect(said(1_000, 20)).toEqual(['over budget: services/audit spent 30.0 s of 20.0 s']);
  expect(said(2_000, 20)).toEqual([]);
});

it('says which workspace has no budget, and compares the whole with the fixed piece of work', () => {
  const lines = timeLines({ 'packages/new/test/a.test.ts': time(0, 1_000) }, 500, 60_000, {});
  expect(lines).toContain('no budget: packages/new spent 1.0 s');
  expect(lines.at(-1)).toContain('60.0 s in all; the fixed piece of work took 500 ms, so 120 of it');
});
