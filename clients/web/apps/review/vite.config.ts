import { defineConfig } from 'vite';
import { app } from '../../tools/app.ts';

export default defineConfig(app('review'));
