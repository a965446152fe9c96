import { execFile } from 'node:child_process'
import { createReadStream, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { eventually } from '@downstream/testing'
import { onSources } from '../../../../test/sources/on-sources.ts'
import { FakeStream } from './fake-stream.ts'

const file = join(tmpdir(), `downstream-lines-${process.pid}.txt`)
beforeAll(() => writeFileSync(file, 'line\n'.repeat(2_000_000)))
afterAll(() => rmSync(file))

/** Runs a script in a separate process: warnings and uncaught errors cannot be observed inside Jest. */
async function run(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...onSources, '--input-type=module', '-e', script],
    { cwd: __dirname },
  )
  return stdout
}

/** The number of open descriptors of the file. */
function descriptors(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link === file).length
}

// Calling return() of a readline Interface closes the Interface and leaves the file that it reads open: each client
// that disconnected cost a descriptor.
test('a readline Interface over a file is closed with its file when the client disconnects', async () => {
  const stream = new FakeStream()
  const input = createReadStream(file)
  const done = stream.sendAll(createInterface({ input }))
  await eventually('a line is sent', () => stream.sent.length > 0)
  stream.over()
  await done
  expect(input.destroyed).toBe(true)
  await eventually('the file is closed', () => descriptors() === 0)
})

// A file that was given the signal of the stream failed with an AbortError when the stream was over. readline passes
// that on, and the Interface had no listener any more: the process crashed.
test('an Interface over a file that was given the signal causes no uncaught error', async () => {
  const script = `
    import { createReadStream } from 'node:fs'
    import { createInterface } from 'node:readline'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { FakeStream } from './fake-stream.ts'
    for (const room of [Promise.resolve(), new Promise(() => {})]) {
      for (const readLines of [true, false]) {
        const stream = new FakeStream()
        stream.room = room
        const done = stream.sendAll(({ signal }) => {
          const input = createReadStream(${JSON.stringify(file)}, { signal })
          return readLines ? createInterface({ input }) : input
        })
        await sleep(10)
        stream.over()
        await done
        await sleep(10)
      }
    }
    console.log('over')`
  expect(await run(script)).toBe('over\n')
})

test('an Interface over a file that cannot be read fails with its error', async () => {
  const stream = new FakeStream()
  const source = createInterface({ input: createReadStream(`${file}.missing`) })
  await expect(stream.sendAll(source)).rejects.toMatchObject({ code: 'ENOENT' })
})

// An empty chunk sends nothing, so there was never anything to wait for, and a source of nothing else blocked the event
// loop.
test('a source of endless empty chunks does not block the event loop', async () => {
  const stream = new FakeStream()
  const empty = (function* () {
    for (;;) yield new Uint8Array()
  })()
  const done = stream.sendAll(empty)
  await sleep(1)
  stream.over()
  await done
  expect(stream.sent).toEqual([])
})

// Each source that is being sent adds two listeners to the signal, and Node warns at the eleventh.
test('twenty sources at once on one stream cause no leak warning', async () => {
  const script = `
    import { FakeStream } from './fake-stream.ts'
    process.on('warning', ({ name }) => console.log(name))
    const stream = new FakeStream()
    async function* idle() {
      yield 'one'
      await new Promise(() => {})
    }
    const all = Array.from({ length: 20 }, () => stream.sendAll(idle()))
    setTimeout(() => {
      stream.over()
      Promise.all(all).then(() => console.log('over'))
    }, 5)`
  expect(await run(script)).toBe('over\n')
})

test('warns once of text or bytes that already are an event stream', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const stream = new FakeStream()
  await stream.sendAll(['data:image/png;base64,xx', ':'])
  await stream.sendAll([{ data: 'data: a\n\n' }, 'data: b\n\n'])
  expect(emitWarning).not.toHaveBeenCalled()
  await stream.sendAll([new Uint8Array(), Buffer.from(': hello\n\n')])
  await stream.sendAll(['data: a\n\n', 'data: b\n\n'])
  expect(emitWarning.mock.calls).toEqual([
    [expect.stringContaining('sse(response)'), { type: 'SseWarning', code: 'SSE_FRAMED_TWICE' }],
  ])
  expect(stream.sent).toContain('data: a\n\n')
  emitWarning.mockRestore()
})
