import type { EventStream, ServerSentEvent } from '@downstream/core'
import { hub } from '../hub.ts'
import { pause } from '../tempo.ts'
import { tellStory } from './story.ts'

interface Telling {
  /** Identifies the story among all concurrent ones. */
  run: string
  tokens: number
  /** The number of stories that the server is currently sending. */
  atWork: number
}

export type TokenEvents = { working: Telling; stopped: Telling & { why: string } }

const length = 150
let atWork = 0

// #region tokens
export async function* tokens(
  { signal, lastEventId }: EventStream,
  prompt: string,
  run: string,
): AsyncGenerator<ServerSentEvent> {
  let tokens = /^\d{1,4}$/.test(lastEventId) ? Number(lastEventId) : 0
  hub.publish('tokens', { event: 'working', data: { run, tokens, atWork: ++atWork } })
  try {
    for (const token of tellStory(prompt, length, tokens)) {
      await pause(70, signal) // it thinks, until the visitor stops it or leaves: then this throws
      yield { event: 'token', id: String(++tokens), data: token }
    }
    yield { event: 'done', data: '' }
  } finally {
    const why = signal.aborted ? signal.reason.code : 'finished'
    hub.publish('tokens', { event: 'stopped', data: { run, tokens, atWork: --atWork, why } })
  }
}
// #endregion
