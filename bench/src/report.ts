import { describeMachine } from './machine.ts';
import { busyShare, ceilingOf, type Figure, mean, processorRatioOf, type Results, ratioOf } from './row.ts';

/** The figures for machines: exactly these fields. */
export interface Report {
  /** Of the generator's load without TLS; over all loads when there was none of that. */
  readonly ceiling_per_second: number;
  readonly rows: readonly {
    readonly name: string;
    readonly per_second: number;
    readonly ratio: number;
    readonly p50_us: number;
    readonly p99_us: number;
  }[];
  readonly figures: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
}

export function toReport({ rows, figures }: Results): Report {
  const plain = rows.filter(({ isPlain }) => isPlain);
  const ceilings = (plain.length > 0 ? plain : rows).map(ceilingOf);
  return {
    ceiling_per_second: ceilings.length > 0 ? Math.round(mean(ceilings)) : 0,
    rows: rows.map((row) => ({
      name: row.name,
      per_second: Math.round(row.service.perSecond),
      ratio: Math.round(ratioOf(row) * 1000) / 1000,
      p50_us: row.service.p50Us,
      p99_us: row.service.p99Us,
    })),
    figures: figures.map(({ name, value, unit }) => ({ name, value: Number(value.toPrecision(4)), unit })),
  };
}

/** A server that leaves more of its processor unused than this was not what held the load back. */
const BUSY_MIN = 0.9;

/** The figures for people, with what they were measured on and what they don't mean. */
export function toTable({ rows, figures }: Results): string {
  const lines = rows.map((row) => [
    row.name,
    whole(row.service.perSecond),
    whole(ceilingOf(row)),
    fixed(ratioOf(row), 2),
    fixed(row.aim, 2),
    whole(row.service.p50Us),
    whole(row.service.p99Us),
    fixed(row.service.cpuUs, 1),
    fixed(processorRatioOf(row), 2),
    row.answeredFrom || NONE,
  ]);
  const idle = rows.filter((row) => [row.service, ...row.ceilings].some((each) => (busyShare(each) ?? 1) < BUSY_MIN));
  return [
    describeMachine(),
    '',
    ...(lines.length > 0 ? [...align([HEADINGS, ...lines]), ''] : []),
    ...figures.map(describe),
    ...(figures.length > 0 ? [''] : []),
    'Only the ratios mean something, and only against each other: figures per second are those of this machine, now.',
    ...(idle.length === 0
      ? []
      : [
          `In ${idle.map(({ name }) => `"${name}"`).join(', ')} a server did not get or use its whole processor: read CPU ratio there.`,
        ]),
    '',
  ].join('\n');
}

/** A figure in one line, such as `Redis memory for each session: 345 bytes (aim: at most 400)`. */
function describe({ name, value, unit, aim, aimIs }: Figure): string {
  const shown = (figure: number) => (unit === 'ratio' || unit === 'ms' ? fixed(figure, 2) : whole(figure));
  const suffix = unit === 'ratio' ? '' : ` ${unit}`;
  const stated = aim === undefined ? '' : ` (aim: ${aimIs} ${shown(aim)})`;
  return `${name}: ${shown(value)}${suffix}${stated}`;
}

const NONE = '–';
const HEADINGS = [
  '',
  'per second',
  'ceiling',
  'ratio',
  'aim',
  'p50 µs',
  'p99 µs',
  'CPU µs',
  'CPU ratio',
  'answered from',
];

/** Pads columns: text to the left, figures to the right. */
function align(table: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column === HEADINGS.length - 1;
  return table.map((line) =>
    line
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB').replaceAll(',', ' ');
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? NONE : value.toFixed(digits);
}
