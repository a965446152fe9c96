import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { root, SnippetProject } from '../snippet-project.ts'
import { onSources } from '../sources/on-sources.ts'

const page = readFileSync(join(root, 'docs/shutdown.md'), 'utf8')

/**
 * The block in `language` under the heading `section` of docs/shutdown.md: the tested code is the code that users copy.
 */
function blockOnPage(section: string, language: string): string {
  const [text = ''] = page.split(`\n## ${section}\n`)[1]?.split('\n## ') ?? []
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1]
  if (block === undefined) throw new Error(`docs/shutdown.md has no ${language} block under "${section}"`)
  return block
}

/** The files of docs/shutdown.md in a separate folder. */
export class NewsApp {
  readonly port: number
  /** The output of all processes. */
  output = ''
  readonly #project = new SnippetProject()

  /** @param drain - instead of the 5 s on the page */
  constructor(port: number, drain: number) {
    this.port = port
    const server = blockOnPage('pm2', 'ts').replace('3000', String(port)).replace('5_000', String(drain))
    this.#project.write('server.js', server)
    this.#project.write('primary.ts', blockOnPage('node:cluster', 'ts'))
    const config = blockOnPage('pm2', 'js')
      .replace("'server.js'", `'server.js', node_args: '${onSources.join(' ')}'`)
      .replace('10_000', '60_000')
    this.#project.write('ecosystem.config.cjs', config)
  }

  get folder(): string {
    return this.#project.folder
  }

  /** A node process in the folder of the app. */
  run(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        this.output += text
      })
    }
    return child
  }

  runOnSources(file: string): ChildProcess {
    return this.run([...onSources, file])
  }

  /** A stream that has begun: what it has received so far, and whether it has ended. */
  async open(): Promise<{ text: string; ended: boolean }> {
    const opened = { text: '', ended: false }
    const response = await eventually('a process that answers', () =>
      fetch(`http://127.0.0.1:${this.port}/news`).catch(() => undefined),
    )
    const read = async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? [])
        opened.text += chunk
    }
    read()
      .catch((error) => {
        opened.text += `\n${error}`
      })
      .finally(() => {
        opened.ended = true
      })
    await eventually('the beginning of the stream', () => opened.text.includes('event: bookmark'))
    return opened
  }

  remove(): void {
    this.#project.remove()
  }
}

/** The exit code. */
export async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}
