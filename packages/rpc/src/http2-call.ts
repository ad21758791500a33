import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { frame, MessageReader, PREFIX_BYTES } from './message-frame.ts';
import { RawCall, RESPONSE_HEADERS, trailers } from './raw-call.ts';
import type { UnaryListener, UnaryWire } from './unary-call.ts';
import { type ConnectionShare, unfinishedTooMuch } from './unfinished-requests.ts';

/** What has to be known of a method to serve it on a stream. */
export interface UnaryCodec {
  readonly decode: (bytes: Buffer) => unknown;
  readonly encode: (response: unknown) => Buffer;
}

const BEFORE_TRAILERS = { waitForTrailers: true, sendDate: false };
const TRAILERS_ONLY = { endStream: true, sendDate: false };
const OK_TRAILERS = { 'grpc-status': status.OK };

/**
 * A unary call on the HTTP/2 stream that carries it, as
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has it: for requests that are not compressed. A class,
 * because one is made for every request.
 */
export class Http2Call extends RawCall implements UnaryWire {
  private readonly codec: UnaryCodec;
  private readonly maxRequestBytes: number;
  private readonly timeoutMs: number;
  private readonly deadlineMs: number;
  private listener: UnaryListener | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly request = new MessageReader();
  private reply: Buffer | undefined;
  /** Is told what of the request is kept, as long as that is not whole. */
  private share: ConnectionShare | undefined;
  private isOver = false;
  /** Whether the caller has said all that it has to say. */
  private isAsked = false;

  /** Ends after `timeoutMs`. Requests of more than `maxRequestBytes` are refused. */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    timeoutMs: number,
    codec: UnaryCodec,
    maxRequestBytes: number,
  ) {
    super(stream, headers);
    this.codec = codec;
    this.maxRequestBytes = maxRequestBytes;
    this.timeoutMs = timeoutMs;
    this.deadlineMs = Date.now() + timeoutMs;
  }

  /** What is kept of the request is counted there. */
  countIn(share: ConnectionShare): void {
    this.share = share;
  }

  start(listener: UnaryListener): void {
    const { stream } = this;
    this.listener = listener;
    // Each error of a stream closes it, and that is heard.
    stream.on('error', ignore);
    stream.on('data', (chunk: Buffer) => this.take(chunk));
    stream.on('end', () => this.endOfRequest());
    stream.on('close', () => this.closed());
    this.timer = setTimeout(() => this.deadlinePassed(), this.timeoutMs);
    listener.onReceiveMetadata(this);
  }

  /** The stream flows from the beginning. */
  startRead(): void {}

  /** Leaves with the status, which is to follow at once. */
  sendMessage(message: unknown, _written: () => void): void {
    try {
      this.reply = frame(this.codec.encode(message));
    } catch {
      this.sendStatus({ code: status.INTERNAL, details: 'Error serializing response' });
    }
  }

  sendStatus({ code, details, metadata }: Parameters<UnaryWire['sendStatus']>[0]): void {
    const { stream, reply } = this;
    if (this.isOver) return;
    this.finish();
    if (stream.destroyed || stream.closed) return;
    if (code === status.OK && reply) {
      stream.on('wantTrailers', sendOk);
      stream.respond(RESPONSE_HEADERS, BEFORE_TRAILERS);
      stream.end(reply);
    } else {
      stream.respond({ ...RESPONSE_HEADERS, ...trailers(code, details, metadata) }, TRAILERS_ONLY);
    }
    // The caller is told to say no more (RFC 9113, 8.1): a stream that stays half open would hold up a drain.
    if (!this.isAsked) stream.close(constants.NGHTTP2_NO_ERROR);
  }

  getDeadline(): number {
    return this.deadlineMs;
  }

  private take(chunk: Buffer): void {
    // What comes after the end of a call is read all the same, so that the connection goes on.
    if (this.isOver) return;
    const { request, maxRequestBytes } = this;
    request.add(chunk);
    const { messageBytes = 0 } = request;
    const fits = this.share?.keep(chunk.length) ?? true;
    if (messageBytes > maxRequestBytes) {
      this.giveUp(status.RESOURCE_EXHAUSTED, `The request has ${messageBytes} bytes, and may have ${maxRequestBytes}.`);
    } else if (!fits) {
      this.listener?.onRefusal(unfinishedTooMuch());
    } else if (request.surplus > 0) {
      this.giveUp(status.UNIMPLEMENTED, 'The call received more than one request message.');
    }
  }

  private endOfRequest(): void {
    const { listener, request } = this;
    this.isAsked = true;
    if (this.isOver || !listener || this.stream.closed) return;
    if (request.surplus < 0) {
      // No whole message has come: the listener says what that means.
      listener.onReceiveHalfClose();
      return;
    }
    const framed = this.takeRequest();
    if (framed[0] !== 0) {
      this.giveUp(status.INTERNAL, 'The request is compressed, and grpc-encoding does not say how.');
      return;
    }
    const message = this.decoded(framed.subarray(PREFIX_BYTES));
    if (message === undefined) return;
    listener.onReceiveMessage(message);
    listener.onReceiveHalfClose();
  }

  private decoded(message: Buffer): unknown {
    try {
      return this.codec.decode(message);
    } catch {
      this.giveUp(status.INTERNAL, 'Error deserializing request');
      return undefined;
    }
  }

  /** Ends a call that was never begun. */
  private giveUp(code: status, details: string): void {
    this.sendStatus({ code, details });
  }

  /** Hands the request out, which is kept no more. */
  private takeRequest(): Buffer {
    this.share?.giveBack(this.request.bytes);
    this.share = undefined;
    return this.request.take();
  }

  private deadlinePassed(): void {
    this.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    this.listener?.onCancel();
  }

  private closed(): void {
    this.finish();
    this.listener?.onCancel();
  }

  private finish(): void {
    this.isOver = true;
    if (this.share) this.takeRequest();
    clearTimeout(this.timer);
  }
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(OK_TRAILERS);
}

function ignore(): void {}
