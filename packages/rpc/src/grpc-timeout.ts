/** Milliseconds of each unit of a timeout on the wire. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };

/** At most eight digits and a unit, says https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/** Milliseconds of a `grpc-timeout`; undefined when it is not one. */
export function timeoutMs(header: string): number | undefined {
  const [, digits, unit = ''] = TIMEOUT.exec(header) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNIT_MS[unit] ?? 0);
}
