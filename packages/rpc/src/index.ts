export { type AcceptedConnections, acceptedConnections } from './accepted-connections.ts';
export { type Access, type AccessRule, peers } from './access.ts';
export { toBatchReply } from './batch-reply.ts';
export type { Actor, Call, CallContext } from './call.ts';
export {
  type CertificateFiles,
  type CertificateSource,
  type CertificateSourceOptions,
  certificateSource,
} from './certificates.ts';
export {
  type Client,
  type ClientCallContext,
  type ClientTransport,
  type ConnectOptions,
  connect,
  DEADLINE_MARGIN_MS,
} from './client.ts';
export { type DescriptorImage, descriptorImage } from './descriptor-image.ts';
export { DOOR_LIMITS, type DoorLimits } from './door-limits.ts';
export type {
  BidiHandler,
  Encoded,
  Handler,
  Handlers,
  RpcDefinitions,
  ServerStreamHandler,
  SyncStream,
  SyncStreamHandler,
} from './handler.ts';
export type { Idempotency } from './idempotency.ts';
export { inMessages, type MessageItems } from './in-messages.ts';
export { type Acting, permissionMissing } from './interceptors/access.ts';
export { fieldsInvalid } from './interceptors/limits.ts';
export { type LookupGate, lookupGate } from './lookup-gate.ts';
export { type Mounted, mount } from './mount.ts';
export { type CertifiedPeer, certifiedPeer, matchesPeer, type Peer } from './peer.ts';
export { structChecks } from './rules/struct.ts';
export { Violations } from './rules/violations.ts';
export { type RunningServer, type ServeOptions, serve, type Transport } from './server.ts';
export { PeerError } from './status.ts';
export { type TimeLeft, timeLeft } from './time-left.ts';
export { continueTrace, startTrace, type TraceContext } from './trace.ts';
export { type ConnectionShare, UnfinishedRequests, unfinishedTooMuch } from './unfinished-requests.ts';
