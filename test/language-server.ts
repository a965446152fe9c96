import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './snippet-project.ts'

/** The cursor of the editor in a text passed to {@link LanguageServer}. */
const CURSOR = '‸'

/** A file that exists only in the editor. */
const DOCUMENT = 'test/document.ts'

/** DiagnosticSeverity of the protocol. */
const ERROR = 1

interface Message {
  id?: number
  method?: string
  result?: unknown
}

/** TypeScript as an editor uses it, over the Language Server Protocol. */
export class LanguageServer {
  readonly #process: ChildProcess = spawn(join(root, 'node_modules/.bin/tsc'), ['--lsp', '--stdio'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  readonly #answers = new Map<number, (result: unknown) => void>()
  #received = Buffer.alloc(0)
  #requests = 0
  #version = 0

  async start(): Promise<void> {
    this.#process.stdout?.on('data', (bytes: Buffer) => this.#receive(bytes))
    const capabilities = { textDocument: { diagnostic: {} } }
    await this.#request('initialize', { processId: process.pid, rootUri: uriOf(''), capabilities })
    this.#send({ method: 'initialized', params: {} })
  }

  /** What an editor offers at the cursor `‸` of `text`. */
  async completions(text: string): Promise<string[]> {
    const before = text.slice(0, text.indexOf(CURSOR)).split('\n')
    const textDocument = this.#edit(text.replace(CURSOR, ''))
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    const result = await this.#request('textDocument/completion', { textDocument, position })
    return (result as { items: { label: string }[] }).items.map(({ label }) => label)
  }

  /** The errors that an editor shows in `text`. */
  async errors(text: string): Promise<string[]> {
    const textDocument = this.#edit(text)
    const result = await this.#request('textDocument/diagnostic', { textDocument })
    const { items } = result as { items: { message: string; severity: number }[] }
    return items.filter(({ severity }) => severity === ERROR).map(({ message }) => message)
  }

  async stop(): Promise<void> {
    this.#process.kill()
    await once(this.#process, 'exit')
  }

  /** One document that changes: the program is built once. */
  #edit(text: string): { uri: string } {
    const uri = uriOf(DOCUMENT)
    const version = ++this.#version
    if (version === 1) {
      const textDocument = { uri, languageId: 'typescript', version, text }
      this.#send({ method: 'textDocument/didOpen', params: { textDocument } })
    } else {
      const textDocument = { uri, version }
      this.#send({
        method: 'textDocument/didChange',
        params: { textDocument, contentChanges: [{ text }] },
      })
    }
    return { uri }
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = ++this.#requests
    this.#send({ id, method, params })
    return new Promise((resolve) => this.#answers.set(id, resolve))
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#process.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    for (;;) {
      const headEnd = this.#received.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const length = Number(/\d+/.exec(this.#received.subarray(0, headEnd).toString())?.[0])
      const end = headEnd + 4 + length
      if (this.#received.length < end) return
      const message: Message = JSON.parse(this.#received.subarray(headEnd + 4, end).toString())
      this.#received = this.#received.subarray(end)
      if (message.id === undefined) continue
      // It asks for settings, too: there are none.
      if (message.method !== undefined) this.#send({ id: message.id, result: null })
      else this.#answers.get(message.id)?.(message.result)
    }
  }
}

function uriOf(path: string): string {
  return pathToFileURL(join(root, path)).href
}
