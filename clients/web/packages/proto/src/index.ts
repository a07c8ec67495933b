// The API in types, and calling it.
export type * from './api';
export { errorFromAnswer, offlineError, RpcError, timeoutError } from './error';
export { callRpc, timeLimit, type RpcOptions } from './rpc';
