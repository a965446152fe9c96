/**
 * A process in which the `generate()` of a file is the source of runs. Sends the results of a whole answer, of a
 * stopped one, and of one that the provider has refused.
 */
import { createRuns } from '@downstream/core'
import { eventually } from '@downstream/testing'

const { generate } = await import(process.argv[2] as string)
const errors: unknown[] = []
const runs = createRuns({ onError: (error) => errors.push(error) })

async function ask(prompt: string): Promise<void> {
  await runs.start(prompt, ({ signal }) => generate(prompt, signal))
}
async function ended(id: string): Promise<unknown> {
  await eventually(`${id} has ended`, async () => (await runs.state(id))?.status !== 'running')
  return runs.state(id)
}

const pieces: string[] = []
for await (const piece of generate('Hello', new AbortController().signal)) pieces.push(piece)
await ask('Hello')
const done = await ended('Hello')
await ask('Please wait')
await eventually('the first piece', async () => (await runs.state('Please wait'))?.events === 1)
await runs.stop('Please wait')
const stopped = await ended('Please wait')
const errorsBefore = errors.length
await ask('Please refuse')
const refused = await ended('Please refuse')
process.send?.({ pieces, done, stopped, refused, errorsBefore, errors: errors.length })
