import { describe, expect, it } from 'vitest';
import { toReport, toTable } from '../src/report.ts';
import { type Figure, median, type Row, ratioOf } from '../src/row.ts';

const measured = (perSecond: number, cpuUs?: number) => ({ perSecond, p50Us: 3_000, p99Us: 9_000, cpuUs });

const rows: readonly Row[] = [
  {
    name: 'validate, L1',
    aim: 0.85,
    service: measured(18_000.4, 55),
    ceilings: [measured(19_000, 50), measured(21_000, 46)],
    isPlain: true,
    answeredFrom: 'l1 100 %',
  },
  {
    name: 'validate, L1, mTLS',
    aim: undefined,
    service: measured(8_000, 60),
    ceilings: [measured(12_000, 50), measured(12_000, 50)],
    isPlain: false,
    answeredFrom: '',
  },
];

const figures: readonly Figure[] = [
  { name: 'Redis memory for each session', value: 345.678, unit: 'bytes', aim: 400, aimIs: 'at most' },
  { name: 'p99 ÷ p99', value: 1.0512, unit: 'ratio', aim: 1.2, aimIs: 'at most' },
  { name: 'memory of the model', value: 70.6, unit: 'bytes' },
];

describe('the report for machines', () => {
  it('has these fields and no others, and the ceiling of the plain load', () => {
    expect(toReport({ rows, figures })).toEqual({
      ceiling_per_second: 20_000,
      rows: [
        { name: 'validate, L1', per_second: 18_000, ratio: 0.9, p50_us: 3_000, p99_us: 9_000 },
        { name: 'validate, L1, mTLS', per_second: 8_000, ratio: 0.667, p50_us: 3_000, p99_us: 9_000 },
      ],
      figures: [
        { name: 'Redis memory for each session', value: 345.7, unit: 'bytes' },
        { name: 'p99 ÷ p99', value: 1.051, unit: 'ratio' },
        { name: 'memory of the model', value: 70.6, unit: 'bytes' },
      ],
    });
  });

  it('has the ceiling of all loads when none was plain, and none when nothing was measured', () => {
    expect(toReport({ rows: rows.slice(1), figures: [] }).ceiling_per_second).toBe(12_000);
    expect(toReport({ rows: [], figures: [] })).toEqual({ ceiling_per_second: 0, rows: [], figures: [] });
  });
});

describe('of a row that was measured several times', () => {
  const times = (...rates: number[]) =>
    rates.map((rate) => ({ ...rows[0], service: measured(rate), ceilings: [measured(100), measured(100)] }) as Row);

  it.each([
    [[50, 90, 70], 70],
    [[90, 50], 50],
    [[60], 60],
  ])('of %j the median is told', (rates, told) => {
    expect(median(times(...rates), ratioOf).service.perSecond).toBe(told);
  });

  it('none is told when it was not', () => {
    expect(() => median([], ratioOf)).toThrow('Nothing was measured.');
  });
});

describe('the table for people', () => {
  const lines = toTable({ rows, figures }).split('\n');

  it('names the machine first, and says what the figures are worth', () => {
    expect(lines[0]).toMatch(/^\d+ cores, .+, Node \d+\.\d+\.\d+$/);
    expect(toTable({ rows, figures })).toContain('Only the ratios mean something');
  });

  it('has a line for each row, with the ratios by time and by processor time and the aim', () => {
    expect(lines.slice(2, 5).map((line) => line.split(/ {2,}/))).toEqual([
      ['', 'per second', 'ceiling', 'ratio', 'aim', 'p50 µs', 'p99 µs', 'CPU µs', 'CPU ratio', 'answered from'],
      ['validate, L1', '18 000', '20 000', '0.90', '0.85', '3 000', '9 000', '55.0', '0.87', 'l1 100 %'],
      ['validate, L1, mTLS', '8 000', '12 000', '0.67', '–', '3 000', '9 000', '60.0', '0.83', '–'],
    ]);
  });

  it('is aligned', () => {
    const [headings = '', ...figures] = lines.slice(2, 5);
    const end = headings.indexOf('ratio') + 'ratio'.length;
    expect(figures.map((line) => line.slice(end - 5, end))).toEqual([' 0.90', ' 0.67']);
  });

  it('has a line for each figure, with its aim', () => {
    expect(lines).toContain('Redis memory for each session: 346 bytes (aim: at most 400)');
    expect(lines).toContain('p99 ÷ p99: 1.05 (aim: at most 1.20)');
    expect(lines).toContain('memory of the model: 71 bytes');
  });

  it('has no headings when there are no rows', () => {
    expect(toTable({ rows: [], figures })).not.toContain('ceiling');
  });

  it('says of which rows the load was not what held the server back', () => {
    expect(toTable({ rows, figures })).toContain('In "validate, L1, mTLS" a server did not');
    expect(toTable({ rows, figures })).not.toContain('"validate, L1"');
  });
});
