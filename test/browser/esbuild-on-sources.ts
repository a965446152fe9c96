// What an example's server gets for `esbuild` in tests: a page that it builds contains our sources, as the server does.
// Otherwise the test of a page would need the packages to be built, and might run on an old build.
import { type BuildOptions, build as buildAsIs } from 'esbuild'

export * from 'esbuild'

export function build(options: BuildOptions) {
  return buildAsIs({ ...options, conditions: ['@downstream/source'] })
}
