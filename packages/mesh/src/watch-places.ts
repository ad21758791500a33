import { Failure } from '@gatehouse/failure';

/** When a caller that found no place may try again. Milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** The places for watches on one instance. */
export interface WatchPlaces {
  /** Takes a place for a peer, and returns what gives it back. Throws Failure `limited` WATCHES_TOO_MANY. */
  take(peer: string): () => void;
}

/** Gives out places: so many in all, and so many to one peer. */
export function watchPlaces(limits: { readonly watchesMax: number; readonly watchesPerPeerMax: number }): WatchPlaces {
  const perPeer = new Map<string, number>();
  let taken = 0;
  return {
    take(peer) {
      const ofPeer = perPeer.get(peer) ?? 0;
      if (taken >= limits.watchesMax || ofPeer >= limits.watchesPerPeerMax) throw tooMany();
      taken += 1;
      perPeer.set(peer, ofPeer + 1);
      return () => {
        taken -= 1;
        const left = (perPeer.get(peer) ?? 1) - 1;
        if (left === 0) perPeer.delete(peer);
        else perPeer.set(peer, left);
      };
    },
  };
}

function tooMany(): Failure {
  return new Failure('limited', 'WATCHES_TOO_MANY', 'There are too many watches on this instance.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
