import { uuidv7 } from '@gatehouse/process';
import { startTrace } from '@gatehouse/rpc';
import type { EventSource } from './audit-event.ts';

/** Of what a service does by itself: nobody has called. */
export function ownSource(service: string): EventSource {
  return { peer: { name: service, address: '' }, requestId: uuidv7(), trace: startTrace(), actor: undefined };
}
