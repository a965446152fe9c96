import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = ['core', 'express', 'fastify', 'client', 'redis', 'testing']

/** Writes the API reference, generated from the TSDoc of the packages, as Markdown into site/api. */
export async function makeApiReference() {
  rmSync(`${root}site/api`, { recursive: true, force: true })
  const application = await Application.bootstrapWithPlugins({
    entryPoints: packages.map((name) => `${root}packages/${name}/src/index.ts`),
    tsconfig: `${root}site/tsconfig.typedoc.json`,
    plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme'],
    // Types are checked by TypeScript 7, in `npm run typecheck`.
    skipErrorChecking: true,
    name: 'API reference',
    readme: 'none',
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    logLevel: 'Error',
    out: `${root}site/api`,
    ...{
      docsRoot: `${root}site`,
      entryFileName: 'index',
      hideBreadcrumbs: true,
      useCodeBlocks: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
    },
  })
  const project = await application.convert()
  if (project === undefined) throw new Error('TypeDoc has found nothing to describe.')
  // So far, the modules are named after their folders: core/src
  for (const module of project.children ?? []) module.name = `@downstream/${module.name.split('/')[0]}`
  await application.generateOutputs(project)
}
