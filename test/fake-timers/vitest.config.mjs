import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['vitest-runner.ts'],
    pool: 'forks',
    poolOptions: {
      forks: { singleFork: true, execArgv: ['--conditions=@downstream/source', '--import', 'tsx'] },
    },
    // Node loads our sources, as it loads what a user has installed.
    server: { deps: { external: [/packages\//, /app\.ts/] } },
  },
})
