import { isUuid, uuidv7 } from '@gatehouse/process';
import type { Interceptor } from './index.ts';

/** Gives the call its request id: that of the caller when it is a UUID, else a new one. */
export const correlate: Interceptor = {
  name: 'correlate',
  before(call) {
    const given = call.metadata.get('x-request-id')[0];
    call.requestId = typeof given === 'string' && isUuid(given) ? given : uuidv7();
  },
};
