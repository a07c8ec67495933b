// Leaflet's style carries pictures of pins and buttons that the map does not use: its pins are drawn, its buttons are our own.
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'vite';

export function leafletStyle(): Plugin {
  return {
    name: 'gridwarden-leaflet-style',
    enforce: 'pre',
    async load(id) {
      const file = id.split('?')[0] ?? '';
      return /[\\/]leaflet[\\/]dist[\\/]leaflet\.css$/.test(file)
        ? (await readFile(file, 'utf8')).replace(/url\(images[^)]*\)/g, 'none')
        : null;
    },
  };
}
