// Vant's icon style brings a font of 25 KB and the address of a foreign server. Both go; the few signs that its components use by
// themselves are drawn from shapes of our own.
import type { Plugin } from 'vite';

const SHAPES: Record<string, string> = {
  arrow: 'M9 5l7 7-7 7',
  'arrow-left': 'M15 5l-7 7 7 7',
  'arrow-up': 'M5 15l7-7 7 7',
  'arrow-down': 'M5 9l7 7 7-7',
  success: 'M5 12.5l5 5 9-11',
  checked: 'M12 3a9 9 0 100 18 9 9 0 000-18zM7.5 12.5l3 3 6-7',
  cross: 'M6 6l12 12M18 6L6 18',
  clear: 'M12 3a9 9 0 100 18 9 9 0 000-18zM9 9l6 6M15 9l-6 6',
  close: 'M12 3a9 9 0 100 18 9 9 0 000-18zM9 9l6 6M15 9l-6 6',
  fail: 'M6 6l12 12M18 6L6 18',
  'warning-o': 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v6M12 16v.5',
  'info-o': 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v6M12 7.5v.5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20',
};

function mask(path: string): string {
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='black' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'><path d='${path}'/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}

const STYLE = `.van-icon{position:relative;display:inline-block;font-size:inherit;line-height:1}
.van-icon::before{content:"";display:inline-block;width:1em;height:1em;vertical-align:-0.125em;background:currentColor;-webkit-mask:var(--gw-icon) center/contain no-repeat;mask:var(--gw-icon) center/contain no-repeat}
${Object.entries(SHAPES)
  .map(([name, path]) => `.van-icon-${name}{--gw-icon:${mask(path)}}`)
  .join('\n')}
.van-icon__image{display:block;width:1em;height:1em;object-fit:contain}
`;

export function vantIcons(): Plugin {
  return {
    name: 'gridwarden-vant-icons',
    enforce: 'pre',
    load(id) {
      return /[\\/]vant[\\/]es[\\/]icon[\\/]index\.css$/.test(id.split('?')[0] ?? '') ? STYLE : null;
    },
  };
}
