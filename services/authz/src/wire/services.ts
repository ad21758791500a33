// What the contract says of the services that this process serves.
export { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
export { GrantServiceService } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
export { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
export { PolicyServiceService } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
export { WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
