import { mergeConfig, type UserConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { app } from '../../tools/app.ts';

// Screens that are opened one after another are one file: many small ones weigh more than what they hold. What the first screen
// needs stays out of them.
const files: UserConfig = {
  build: {
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              name: 'field',
              test: new RegExp(
                [
                  'inspector/src/(screens/(Detail|Form|Report|Apply|Drafts|Outbox)',
                  'forms/(?!form[.]ts)',
                  'components/(FormBody|Camera|Checklist|KindPicker|Photo(?!Viewer)|PlaceChip|Compare|ResultChoice|TimeLine|Observation|RecordSummary)',
                  'work/(actions|outbox)',
                  '(drafts|photos|place)[.]ts)',
                ].join('|'),
              ),
            },
            { name: 'office', test: /inspector\/src\/screens\/(leader\/(?!actions)|board\/)/ },
            { name: 'own', test: /inspector\/src\/screens\/(me|notices)\// },
          ],
        },
      },
    },
  },
};

export default mergeConfig(
  app('inspector', [
    // The person decides when a new version takes over: a form in progress must not lose its pages.
    ...VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      registerType: 'prompt',
      injectRegister: false,
      injectManifest: {
        globPatterns: ['**/*.{html,js,css}', 'icons/icon.svg'],
        globIgnores: ['sw.js'],
        minify: true,
      },
      includeManifestIcons: false,
      manifest: {
        id: '/inspector/',
        name: '网格卫士 · 巡查',
        short_name: '网格卫士',
        description: '大气污染防治网格巡查 · Air-pollution grid inspection',
        lang: 'zh-CN',
        dir: 'ltr',
        start_url: '/inspector/',
        scope: '/inspector/',
        display: 'standalone',
        orientation: 'portrait',
        background_color: '#ffffff',
        theme_color: '#0b5c3f',
        icons: [
          { src: 'icons/icon.svg', sizes: 'any', type: 'image/svg+xml' },
          { src: 'icons/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icons/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icons/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
    }),
  ]),
  files,
);
