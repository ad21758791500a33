import { describe, expect, it } from 'vitest';
import { continueTrace, toTraceparent } from './trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('continueTrace', () => {
  it('keeps the trace id and sampling, and takes a span of its own', () => {
    const trace = continueTrace(`00-${TRACE}-${SPAN}-01`);
    expect(trace).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, sampled: true });
    expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(trace.spanId).not.toBe(SPAN);
    expect(toTraceparent(trace)).toBe(`00-${TRACE}-${trace.spanId}-01`);
  });

  it('reads a later version by its first four fields', () => {
    expect(continueTrace(`01-${TRACE}-${SPAN}-00-more`).traceId).toBe(TRACE);
  });

  it.each([
    undefined,
    '',
    'garbage',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    Buffer.from('x'),
  ])('starts a new trace for %s', (header) => {
    const trace = continueTrace(header);
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(TRACE);
    expect(trace.parentSpanId).toBeUndefined();
  });
});
