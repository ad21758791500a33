import type { Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { waitFor } from '@gatehouse/testing';
import { ensure } from './expect.ts';
import type { Journey, World } from './world.ts';

/** How long events may take from the outboxes to the trail. */
const DELIVERED_WITHIN_MS = 10_000;
const PAGE_SIZE = 500;
const PAGES_MAX = 20;

/** Reads the trail: every step is there once, in order, with actor, peer, address and request id. */
export async function auditTrail(world: World, journey: Journey): Promise<string> {
  const { expected } = journey;
  const requests = new Set(expected.map(({ requestId }) => requestId));
  const events = await waitFor(
    async () => {
      const all = (await eventsSince(world, journey.startedAt)).filter(({ requestId }) => requests.has(requestId));
      return all.length >= expected.length ? all : undefined;
    },
    { timeoutMs: DELIVERED_WITHIN_MS },
  ).catch(async () => {
    const all = (await eventsSince(world, journey.startedAt)).filter(({ requestId }) => requests.has(requestId));
    const missing = expected.filter(
      (e) => !all.some((a) => a.requestId === e.requestId && a.eventType === e.eventType),
    );
    throw new Error(`The trail lacks ${missing.map(({ eventType }) => eventType).join(', ')}.`);
  });
  const line = ({ requestId, eventType, actor }: { requestId: string; eventType: string; actor: string }) =>
    `${eventType} by ${actor} in ${requestId}`;
  const wanted = expected.map((e) => line({ ...e, actor: e.actor === 'user' ? `user:${journey.userId}` : e.actor }));
  const found = events.map(line);
  for (const [index, one] of wanted.entries()) {
    ensure(found[index] === one, `Event ${index + 1} is «${found[index]}», and should be «${one}».`);
  }
  ensure(found.length === wanted.length, `The trail holds ${found.length - wanted.length} events too many.`);
  for (const event of events) {
    ensure(
      event.peer && event.ipAddress && event.actor && event.requestId,
      `${event.eventType} does not say who or where.`,
    );
  }
  return `${events.length} events, each once and in order, with actor, peer, IP and request id`;
}

async function eventsSince({ audit }: World, occurredFrom: Date): Promise<Event[]> {
  const events: Event[] = [];
  const filter = {
    userId: '',
    requestId: '',
    eventTypes: [],
    occurredFrom,
    occurredBefore: undefined,
    pageSize: PAGE_SIZE,
  };
  let pageToken = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await audit.listEvents({ ...filter, pageToken });
    events.push(...answer.events);
    if (answer.nextPageToken === '') break;
    pageToken = answer.nextPageToken;
  }
  return events;
}
