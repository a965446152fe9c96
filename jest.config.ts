/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const config: Config = {
  testMatch: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'].map(
    (glob) => `<rootDir>/${glob}`,
  ),
  testEnvironment: '<rootDir>/test/environment.mjs',
  // Tests run the packages' sources: see "exports" in each package.json.
  testEnvironmentOptions: { customExportConditions: ['@downstream/source', 'node', 'node-addons'] },
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Fastify's inject() and @fastify/cookie load an ESM-only package: it, and an import() of it, have to be transformed.
  transformIgnorePatterns: ['/node_modules/(?!\\.pnpm/|(?:@fastify/)?cookie/)'],
  modulePathIgnorePatterns: ['/dist/'],
  // Real browsers, servers, Redis and npm, on a machine whose cores may be used by other programs: slow is not wrong.
  testTimeout: 900_000,
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.ts',
  setupFiles: ['<rootDir>/test/set-patience.ts'],
  // Two more than CI has cores, because much of the time goes into waiting for retries and timers. With more, pages of
  // the browser stay open for longer, and what they draw meanwhile takes longer than the waiting.
  maxWorkers: 4,
  reporters: ['default', '<rootDir>/scripts/slowest-reporter.mjs'],
  testSequencer: '<rootDir>/scripts/longest-first-sequencer.mjs',
  coverageProvider: 'v8',
}

export default config
