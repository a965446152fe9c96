import { execFile } from 'node:child_process'
import { createReadStream, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { eventually } from '@downstream/testing'
import type { Source } from '../../src/stream/source.ts'
import { FakeStream } from './fake-stream.ts'

const file = join(tmpdir(), `downstream-lines-${process.pid}.txt`)
beforeAll(() => writeFileSync(file, 'line\n'.repeat(200_000)))
afterAll(() => rmSync(file))

/** How many descriptors of the file are open. */
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

// Went wrong: a readline Interface that is returned closes itself and leaves the file that it reads open, so each
// client that left cost a descriptor.
test('a readline Interface over a file is closed with its file when the client disconnects', async () => {
  for (let n = 0; n < 5; n++) {
    const stream = new FakeStream()
    const done = stream.sendAll(createInterface({ input: createReadStream(file) }))
    await eventually('a line is sent', () => stream.sent.length > 0)
    stream.over()
    await done
  }
  await eventually('the files are closed', () => descriptors() === 0)
})

// Went wrong: a file that was given the stream's signal failed with an AbortError when the stream was over, and nobody
// listened to its 'error' before the first read and after the last.
test.each([
  ['at once', async (stream: FakeStream) => stream.over()],
  [
    'while it is read',
    async (stream: FakeStream) => {
      await eventually('a chunk is sent', () => stream.sent.length > 0)
      stream.over()
    },
  ],
  [
    'while the client does not read',
    async (stream: FakeStream) => {
      await nextTurn()
      stream.over()
    },
  ],
])(
  'a Readable that was given the signal does not fail uncaught when the stream is over %s',
  async (_, end) => {
    const uncaught = jest.fn()
    for (const make of [
      (stream: FakeStream): Source => createReadStream(file, { signal: stream.signal }),
      (): Source => (one) => createReadStream(file, { signal: one.signal }),
      (): Source => async (one) => createReadStream(file, { signal: one.signal }),
    ]) {
      const stream = new FakeStream()
      const readable = stream.sendAll(make(stream))
      await end(stream)
      await readable
      await sleep(5)
    }
    expect(uncaught).not.toHaveBeenCalled()
    await eventually('the files are closed', () => descriptors() === 0)
  },
)

// Went wrong: a chunk without a character sends nothing, so there was never anything to wait for, and a source of
// nothing else kept the event loop to itself.
test('a source of endless empty chunks leaves the event loop to others', async () => {
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

// Went wrong: each source that is being sent listens to the signal twice, and at the eleventh listener Node warns.
test('twenty sources at once on one stream are no leak', async () => {
  // In a process of its own: inside of Jest warnings of Node are not to be seen.
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
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@downstream/source', '--import=tsx', '--input-type=module', '-e', script],
    { cwd: __dirname },
  )
  expect(stdout).toBe('over\n')
})

test('text or bytes that are an event stream already are warned of, once', async () => {
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
