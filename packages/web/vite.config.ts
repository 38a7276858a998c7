import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The server sends `default-src 'self'`, so nothing may be inlined as a data: address. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4300' } },
});
