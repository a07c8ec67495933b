export * from './contract';
export { openPhoneBook, type BookOptions } from './book';
