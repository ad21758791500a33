import type { AccessRule } from './access.ts';
import type { Validate } from './rules/compile.ts';
import type { TraceContext } from './trace.ts';
import type { WithoutSecrets } from './without-secrets.ts';

/** What the interceptors know about an RPC before it is called. */
export interface Method {
  /** Full name, such as `/gatehouse.session.v1.SessionService/CreateSession`. */
  readonly path: string;
  /** `gatehouse.session.v1.SessionService`. */
  readonly service: string;
  /** `CreateSession`. */
  readonly name: string;
  readonly kind: 'unary' | 'server_stream' | 'client_stream' | 'bidi_stream';
  /** Whether it has no side effects: then it is not worth a log line that it went well. */
  readonly readOnly: boolean;
  readonly access: AccessRule;
  /** Finds the fields of a request that break their limits. */
  readonly validate: Validate;
  readonly encodeRequest: (request: unknown) => Buffer;
  /** A response as it is sent; one that is encoded already is sent as it is. */
  readonly encode: (response: unknown) => Buffer;
  /** Whether a call with an idempotency key is refused. */
  readonly refusesIdempotencyKeys: boolean;
  /** A response without what is secret in it. */
  readonly withoutSecrets: WithoutSecrets;
  readonly trace: (traceparent: unknown) => TraceContext;
}
