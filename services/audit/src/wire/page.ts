import { ListEventsResponse } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { AuditEvent } from '../domain/event.ts';
import { toMessage } from './event.ts';

/** Most bytes of the events in one page, unless a single one has more: clients take answers of 4 MiB. */
export const PAGE_BYTES_MAX = 3 * 1024 * 1024;

/** A page of events that is encoded already. */
export interface EncodedPage {
  readonly bytes: Buffer;
  /** The last event in it; undefined: it is the last page. */
  readonly goOnAfter: AuditEvent | undefined;
}

/** Encodes as many events as fit into a page, at most `size`. Events that are left over make another page follow. */
export function encodePage(events: readonly AuditEvent[], size: number): EncodedPage {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const event of events.slice(0, size)) {
    const part = encodeResponse({ events: [toMessage(event)] });
    if (parts.length > 0 && bytes + part.length > PAGE_BYTES_MAX) break;
    parts.push(part);
    bytes += part.length;
  }
  return {
    bytes: Buffer.concat(parts),
    goOnAfter: parts.length < events.length ? events[parts.length - 1] : undefined,
  };
}

/** Adds where the next page begins. Messages of one type that are joined are one message, with the events of all. */
export function withPageToken(page: Buffer, nextPageToken: string): Buffer {
  return Buffer.concat([page, encodeResponse({ nextPageToken })]);
}

function encodeResponse(response: Partial<ListEventsResponse>): Uint8Array {
  return ListEventsResponse.encode({ events: [], nextPageToken: '', ...response }).finish();
}
