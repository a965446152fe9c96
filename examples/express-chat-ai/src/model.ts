import { setTimeout as sleep } from 'node:timers/promises'

const tokenMs = Number(process.env.TOKEN_MS || 70)

const subjects = [
  'A run',
  'The page',
  'A closed laptop',
  'The second tab',
  'A token',
  'The log',
  'A short reload',
]
const verbs = [
  'waits for',
  'remembers',
  'follows',
  'never repeats',
  'comes back to',
  'outlives',
  'listens to',
]
const objects = [
  'the answer',
  'its last event',
  'the other window',
  'every word',
  'the long way',
  'the stream',
]

/**
 * The call of your model: only this function must change, and the README shows it for three providers. This one needs
 * no key and no network.
 */
export async function* generate(prompt: string, signal: AbortSignal): AsyncGenerator<string, void> {
  const sentences = Array.from(
    { length: 12 },
    (_, n) => `${n % 4 === 0 ? '\n\n' : ' '}${pick(subjects)} ${pick(verbs)} ${pick(objects)}.`,
  )
  for (const token of `You asked: “${prompt}”${sentences.join('')}`.split(/(?= )/)) {
    // Without the signal Stop would end the run, but the model would continue and cost money.
    await sleep(tokenMs, undefined, { signal })
    yield token
  }
}

function pick(list: readonly string[]): string {
  return list[Math.floor(Math.random() * list.length)] as string
}
