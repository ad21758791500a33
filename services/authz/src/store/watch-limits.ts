export const WATCH_LIMITS = {
  /** Most watches of one instance. */
  watchesMax: 1_000,
  /** Most watches of one peer, however many processes it has. */
  watchesPerPeerMax: 250,
  /** Most messages that wait for one reader. */
  messagesMax: 100,
  /** Most messages that are held back for a watch while it is told what it missed; with more it reads on in the log. */
  heldMax: 100,
  /** Most reads of what watches have missed at a time, so that many that come back at once leave connections to checks. */
  readingMax: 4,
  /** How long a watch may go without a question. */
  idleMsMax: 60_000,
} as const;

export type WatchLimits = Readonly<Record<keyof typeof WATCH_LIMITS, number>>;
