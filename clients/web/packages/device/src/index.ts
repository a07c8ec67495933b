export * from './adapter';
export { webDevice } from './web';
