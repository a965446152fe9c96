import { setTimeout as sleep } from 'node:timers/promises'

/** The cost of an answer so far. */
export interface Work {
  tokens: number
}

const tokenMs = Number(process.env.TOKEN_MS || 60)

const text = `
The tide comes in twice a day and asks nobody. A harbour is a promise that somebody keeps the light on. When the fog is thick
the old ships answer with their bells. Nobody owns the wind but everybody pays for the rope. The light on the pier is older than
the town and the town is older than the maps. A good rope is worth more than a good reason. When the tide is out the children walk
to the island and come back before the water does. The wind turns at noon and the gulls are the first to know. A map is a promise
that somebody was there before you. The old captain says that the sea is never late. Every morning the boats go out in the order
in which they came in. The fog keeps the secrets of the harbour and the gulls sell them. A bell that nobody rings is only a cup.
The children of the town can tell the boats by the sound of the engine. Nobody asks the lighthouse how it slept. The water
remembers the moon and the moon remembers the water. When the light goes out somebody walks to the end of the pier with a lamp.
`
const words = text.trim().split(/\s+/)
/** The words that may follow two others. */
const followers = new Map<string, string[]>()
for (const [i, word] of words.entries()) {
  const before = words.slice(i - 2, i).join(' ')
  if (i >= 2) followers.set(before, [...(followers.get(before) ?? []), word])
}
const openings = words.flatMap((word, i) =>
  i === 0 || words[i - 1]?.endsWith('.') ? [[word, words[i + 1]]] : [],
)

/** A fake model: it knows only its own words, costs nothing, and stops as soon as `signal` aborts. */
export async function* generate(prompt: string, work: Work, signal: AbortSignal): AsyncGenerator<string> {
  for (const token of tokensOf(prompt)) {
    await sleep(tokenMs, undefined, { signal })
    work.tokens++
    yield token
  }
}

function* tokensOf(prompt: string): Generator<string> {
  yield* `You ask: “${prompt}” It is hard to say.`.split(/(?= )/)
  for (let sentence = 0; sentence < 12; sentence++) {
    const spoken = [...pick(openings)]
    while (!spoken.at(-1)?.endsWith('.'))
      spoken.push(pick(followers.get(spoken.slice(-2).join(' ')) ?? ['indeed.']))
    yield `${sentence % 4 === 0 ? '\n\n' : ' '}${spoken[0]}`
    for (const word of spoken.slice(1)) yield ` ${word}`
  }
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T
}
