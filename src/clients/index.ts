/** Clients: registry, access tokens, statutory grants, consents. The door of this folder. */
export { authenticate } from './authenticate.ts';
export type { AuthenticateServices, Caller } from './authenticate.ts';
export { AuthorizationRegistry } from './authorization-registry.ts';
export type { AuthorizationSummary, NewAuthorization } from './authorization-registry.ts';
export { ClientRegistry } from './client-registry.ts';
export type { ClientSummary, NewClient } from './client-registry.ts';
export { refusalOf } from './client-standing.ts';
export type { ClientStanding, OwnLimits } from './client-standing.ts';
export { GrantRegistry } from './grant-registry.ts';
export type { GrantSummary, NewGrant } from './grant-registry.ts';
export { profileBasisOf } from './profile-basis.ts';
export { isPurpose, normalizePurpose, requirePurpose } from './purpose.ts';
export { OperationSafelist, sha256Of } from './operation-safelist.ts';
export { LONGEST_TOKEN_SECONDS } from './signing-keys.ts';
export { TokenService } from './token-service.ts';
export type { IssuedToken } from './token-service.ts';
