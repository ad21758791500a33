/** What whoever connects may take up, at the gRPC door as at the HTTP door. */
export interface DoorLimits {
  /** Open connections, of which some may still be in their handshake. Further ones are closed at once. */
  readonly connectionsMax: number;
  /** How long a handshake may take. Milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Bytes of requests that have begun to come and are not whole, on one connection. */
  readonly unfinishedBytesPerConnectionMax: number;
  /** The same on all connections of one peer. */
  readonly unfinishedBytesPerPeerMax: number;
}

export const DOOR_LIMITS: DoorLimits = {
  connectionsMax: 4_096,
  handshakeTimeoutMs: 5_000,
  unfinishedBytesPerConnectionMax: 16 * 1024 * 1024,
  unfinishedBytesPerPeerMax: 64 * 1024 * 1024,
};
