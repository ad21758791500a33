import { GatehouseError } from '../gatehouse-error.ts';

/** The service has answered with something that the contract does not allow. */
export function responseInvalid(): GatehouseError {
  return new GatehouseError('INTERNAL', 'RESPONSE_INVALID', 'The answer of the authz service can not be understood.');
}
