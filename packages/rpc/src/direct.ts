import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';

/** A call as grpc-js sees it from below its own call objects: messages in and out, and the status at the end. */
export type WireCall = ServerInterceptingCallInterface;

/** What a call tells whoever serves it. It is told from inside grpc-js, where whatever is thrown ends the process. */
export type WireListener = Parameters<WireCall['start']>[0];

/** Serves one call of a method. */
export type DirectMethod = (call: WireCall) => void;

/**
 * Serves the methods in the table by themselves, under the stream object that grpc-js would make for each call: making
 * one costs as much as a warm cache does. All other methods are left to grpc-js.
 */
export function serveDirectly(methods: ReadonlyMap<string, DirectMethod>): ServerInterceptor {
  return ({ path }, call) => {
    const serve = methods.get(path);
    if (!serve) return call as ServerInterceptingCall;
    serve(call);
    return taken;
  };
}

/** What grpc-js gets for a call that is served already: it starts it, and nothing more comes of it. */
class TakenCall extends ServerInterceptingCall {
  override start(): void {}
}

const taken = new TakenCall({} as WireCall);
