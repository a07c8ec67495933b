// Both languages say everything, in words that i18n.ts fills in as they are.
import { describe, expect, it } from 'vitest';
import en from '../src/i18n/en';
import enDesk from '../src/i18n/en/desk';
import zh from '../src/i18n/zh-CN';
import zhDesk from '../src/i18n/zh-CN/desk';

type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') flat.set(prefix + key, value);
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) flat.set(inner, text);
  }
  return flat;
}

const chinese = flatten({ ...zh, ...zhDesk } as Tree);
const english = flatten({ ...en, ...enDesk } as Tree);
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

describe('messages', () => {
  it('are there at all', () => {
    expect(chinese.size).toBeGreaterThan(300);
  });

  it('have the same keys in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });

  it('are never empty', () => {
    const empty = [...chinese, ...english].filter(([, text]) => text.trim() === '').map(([key]) => key);
    expect(empty).toEqual([]);
  });

  it('name the same facts in both languages', () => {
    const different = [...chinese].filter(([key, text]) => placeholders(text).join() !== placeholders(english.get(key) ?? '').join());
    expect(different.map(([key]) => key)).toEqual([]);
  });

  it('hold names in braces and nothing else of a syntax', () => {
    const bad = [...chinese, ...english].filter(([, text]) => /[@|${}]/.test(text.replace(/\{\w+\}/g, ''))).map(([key]) => key);
    expect(bad).toEqual([]);
  });

  it('are Chinese in Chinese and not in English', () => {
    const han = /\p{Script=Han}/u;
    const untranslated = [...english].filter(([key, text]) => han.test(text) && !['common.languageZh'].includes(key));
    expect(untranslated.map(([key]) => key)).toEqual([]);
  });
});
