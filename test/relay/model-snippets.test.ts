import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { type Snippet, SnippetProject, snippets } from '../snippet-project.ts'
import { onSources } from '../sources/on-sources.ts'
import { type Provider, startProvider, words } from './provider.ts'

let provider: Provider
let project: SnippetProject

beforeAll(async () => {
  provider = await startProvider()
  project = new SnippetProject()
})
afterAll(() => {
  provider?.close()
  project?.remove()
})

/** Each `generate()` of the page, by the package that it imports first. */
const models = snippets('examples/express-chat-ai/README.md').filter(({ code }) =>
  code.includes('function* generate('),
)
const packageOf = ({ code }: Snippet) => String(/from '(.+)'/.exec(code)?.[1])

test('the page has a model for each provider', () => {
  expect(models.map(packageOf)).toEqual(['openai', '@anthropic-ai/sdk', '@ai-sdk/openai'])
})

test.each(models.map((model) => [packageOf(model), model] as const))(
  'the generate() that the chat shows for %s gives a whole answer, stops its model, and fails if refused',
  async (name, { code }) => {
    project.write(`${name}/model.ts`, code)
    provider.left.length = 0
    const model = fork(join(__dirname, 'run-model.ts'), [join(project.folder, name, 'model.ts')], {
      execArgv: onSources,
      // The AI SDK logs what the provider refuses.
      silent: true,
      env: {
        ...process.env,
        OPENAI_API_KEY: 'none',
        OPENAI_BASE_URL: `${provider.url}/v1`,
        ANTHROPIC_API_KEY: 'none',
        ANTHROPIC_BASE_URL: provider.url,
      },
    })
    try {
      const [result] = await Promise.race([once(model, 'message'), once(model, 'exit')])
      expect(result).toMatchObject({
        pieces: words,
        done: { status: 'done', events: words.length },
        stopped: { status: 'stopped', events: 1 },
        refused: { status: 'failed', events: 0 },
        errorsBefore: 0,
        errors: 1,
      })
      await eventually('the provider is left by the run that was stopped', () => provider.left.length > 0)
      expect(provider.left).toHaveLength(1)
    } finally {
      model.kill('SIGKILL')
    }
  },
)
