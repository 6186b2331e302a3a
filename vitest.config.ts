import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/shipped-setup.ts',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Two cores are what CI has; each file starts its own servers on free ports.
    maxWorkers: 2,
  },
});
