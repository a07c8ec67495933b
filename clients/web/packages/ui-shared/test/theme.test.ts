// Colours are read in sunlight, so text stands on its ground with at least 7:1 (WCAG AAA); what is large and soft with 4.5:1.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/theme/tokens.css', import.meta.url), 'utf8');

function token(name: string): string {
  const found = new RegExp(`--gw-${name}: (#[0-9a-f]{6});`).exec(css)?.[1];
  if (!found) throw new Error(`tokens.css has no --gw-${name}`);
  return found;
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe('theme', () => {
  it.each([
    ['text', 'paper'],
    ['text', 'ground'],
    ['text-2', 'paper'],
    ['text-2', 'ground'],
    ['brand', 'paper'],
    ['brand', 'brand-soft'],
    ['on-strong', 'brand'],
    ['on-strong', 'red'],
    ['green', 'paper'],
    ['green', 'green-soft'],
    ['yellow', 'paper'],
    ['yellow', 'yellow-soft'],
    ['red', 'paper'],
    ['red', 'red-soft'],
    ['grey', 'paper'],
  ])('shows %s on %s with at least 7:1', (text, ground) => {
    expect(contrast(token(text), token(ground))).toBeGreaterThanOrEqual(7);
  });

  it('shows disabled text on its ground with at least 4.5:1', () => {
    expect(contrast(token('grey'), token('grey-soft'))).toBeGreaterThanOrEqual(4.5);
  });

  it('has targets of 60 px by default and 44 px in the normal mode', () => {
    const [large = '', normal = ''] = css.split("html[data-size='normal']");
    expect(large).toContain('--gw-target-small: 60px');
    expect(normal.split('}')[0]).toContain('--gw-target-small: 44px');
  });
});
