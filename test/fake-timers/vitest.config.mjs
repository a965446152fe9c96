import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['vitest-runner.ts'],
    pool: 'forks',
    poolOptions: {
      forks: { singleFork: true, execArgv: ['--conditions=@downstream/source', '--import', 'tsx'] },
    },
    // Node loads our sources, as it loads installed packages.
    server: { deps: { external: [/packages\//, /app\.ts/] } },
  },
})
