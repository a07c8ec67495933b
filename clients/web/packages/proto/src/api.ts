// The API in types: the JSON form of every message, and every rpc by name. Generated from the protos.
import type { Rpcs } from './gen/rpcs';

export type * from './gen/messages';
export type { Rpcs };

/** "gridwarden.patrol.v1.PatrolService/SubmitVisit" */
export type RpcName = keyof Rpcs;
export type RequestOf<R extends RpcName> = Rpcs[R]['request'];
export type ResponseOf<R extends RpcName> = Rpcs[R]['response'];
