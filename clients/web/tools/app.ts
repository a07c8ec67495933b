// How every application is built: strict about what a page may do (the gateway's policy allows no inline script, no eval, no foreign
// origin), every asset under a name that changes with its content.
import { fileURLToPath } from 'node:url';
import { VantResolver } from '@vant/auto-import-resolver';
import vue from '@vitejs/plugin-vue';
import Components from 'unplugin-vue-components/vite';
import type { Plugin, UserConfig } from 'vite';
import { leafletStyle } from './leaflet_style.ts';
import { vantIcons } from './vant_icons.ts';

const web = fileURLToPath(new URL('..', import.meta.url));

export function app(name: 'inspector' | 'console' | 'review', more: Plugin[] = []): UserConfig {
  return {
    root: `${web}apps/${name}`,
    base: `/${name}/`,
    cacheDir: `${web}node_modules/.vite/${name}`,
    plugins: [
      vue(),
      // <van-button> and the like with their own style only; kept out of git.
      Components({ dirs: [], resolvers: [VantResolver()], dts: 'components.d.ts' }),
      vantIcons(),
      leafletStyle(),
      ...more,
    ],
    resolve: {
      // The builds of these libraries that carry least: for today's engines, as modules, without a compiler of messages.
      alias: [
        { find: /^dexie$/, replacement: 'dexie/dist/modern/dexie.mjs' },
        { find: /^leaflet$/, replacement: 'leaflet/dist/leaflet-src.esm.js' },
        { find: /^vue-i18n$/, replacement: 'vue-i18n/dist/vue-i18n.runtime.mjs' },
      ],
    },
    define: {
      // Which build this is: the digest of what it was made of.
      __APP_BUILD__: JSON.stringify(process.env['GRIDWARDEN_WEB_BUILD'] ?? 'dev'),
      // Element Plus is written in both ways of Vue; the phone's own screens and what they use of Vant only in the newer one.
      __VUE_OPTIONS_API__: String(name !== 'inspector'),
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      __VUE_I18N_FULL_INSTALL__: 'false',
      __VUE_I18N_LEGACY_API__: 'false',
      __INTLIFY_PROD_DEVTOOLS__: 'false',
      __INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
    },
    build: {
      outDir: process.env['GRIDWARDEN_WEB_OUT'] ?? `${web}../../build/web/${name}`,
      emptyOutDir: true,
      // The oldest engines we care for: Android WebView 100, iOS 15.4.
      target: ['chrome100', 'safari15.4'],
      modulePreload: { polyfill: false },
      // A picture inside a script would be fetched by everybody.
      assetsInlineLimit: 2048,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 600,
    },
  };
}
