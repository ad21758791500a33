import { Failure } from '@gatehouse/failure';
import type { DoorLimits } from './door-limits.ts';

/** How long who sends too much at once is told to wait. Milliseconds. */
const RETRY_AFTER_MS = 1_000;

type Budgets = Pick<DoorLimits, 'unfinishedBytesPerConnectionMax' | 'unfinishedBytesPerPeerMax'>;

/** What a peer has sent, on all its connections, of requests that are not whole. */
interface PeerShare {
  bytes: number;
  connections: number;
}

/** What is kept of requests that have begun to come and are not whole. A peer is known here as long as it is connected. */
export class UnfinishedRequests {
  private readonly budgets: Budgets;
  private readonly shares = new Map<string, PeerShare>();

  constructor(budgets: Budgets) {
    this.budgets = budgets;
  }

  /** Those of a new connection of the peer. `closed` is to be called when it is over. */
  ofConnection(peer: string): ConnectionShare {
    const share = this.shares.get(peer) ?? { bytes: 0, connections: 0 };
    this.shares.set(peer, share);
    share.connections += 1;
    const closed = () => {
      share.connections -= 1;
      if (share.connections === 0) this.shares.delete(peer);
    };
    return new ConnectionShare(this.budgets, share, closed);
  }
}

/** What is kept of the unfinished requests of one connection. A class, because every request passes it. */
export class ConnectionShare {
  private readonly budgets: Budgets;
  private readonly ofPeer: PeerShare;
  readonly closed: () => void;
  private bytes = 0;

  constructor(budgets: Budgets, ofPeer: PeerShare, closed: () => void) {
    this.budgets = budgets;
    this.ofPeer = ofPeer;
    this.closed = closed;
  }

  /** Counts bytes that are kept from now on; whether there was room for them. They are to be given back in any case. */
  keep(bytes: number): boolean {
    this.bytes += bytes;
    this.ofPeer.bytes += bytes;
    const { unfinishedBytesPerConnectionMax, unfinishedBytesPerPeerMax } = this.budgets;
    return this.bytes <= unfinishedBytesPerConnectionMax && this.ofPeer.bytes <= unfinishedBytesPerPeerMax;
  }

  giveBack(bytes: number): void {
    this.bytes -= bytes;
    this.ofPeer.bytes -= bytes;
  }
}

/** A peer has more unfinished requests under way than it may. */
export function unfinishedTooMuch(): Failure {
  return new Failure('limited', 'UNFINISHED_REQUESTS_TOO_MANY', 'Too much has come of requests that are not whole.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
