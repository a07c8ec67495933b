// The shape of the messages, taken from the Chinese ones: English is held to it by the compiler, and a key that does not exist is an
// error where it is used.
import type desk from './zh-CN/desk';
import type phone from './zh-CN';

type Same<T> = { [K in keyof T]: T[K] extends string ? string : Same<T[K]> };
type Leaves<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string];

export type Messages = Same<typeof phone>;
export type DeskMessages = Same<typeof desk>;

/** "common.ok", "work.tab.todo" ... */
export type MessageKey = Leaves<typeof phone> | Leaves<typeof desk>;

/** "caseState", "postKind" ... : the enums that have words. */
export type WordGroup = keyof Messages['domain'];

export type Locale = 'zh-CN' | 'en';
