import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';

const ZONES = ['UTC', 'America/St_Johns', 'Pacific/Apia', 'Europe/Berlin'];
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

it('gives the same in a process of whatever time zone', async () => {
  const args = [
    `${import.meta.dirname}/print-outcomes.ts`,
    String(seededChance().below(2 ** 31)),
    String(rounds(10_000)),
  ];
  const printed = await Promise.all(
    ZONES.map(async (zone) => {
      const options = { env: { TZ: zone }, maxBuffer: OUTPUT_BYTES_MAX };
      return JSON.parse((await promisify(execFile)(process.execPath, args, options)).stdout) as readonly string[];
    }),
  );
  const [utc = [], ...others] = printed;
  expect(utc.length).toBeGreaterThan(7_000);
  for (const [index, other] of others.entries()) {
    expect([ZONES[index + 1], other.filter((outcome, at) => outcome !== utc[at])]).toEqual([ZONES[index + 1], []]);
  }
});
