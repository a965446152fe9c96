import { setTimeout as sleep } from 'node:timers/promises'

const text = `
The keeper of the lighthouse counts the ships. The ships bring salt and letters from the harbour. The letters
are read aloud in the kitchen. The kitchen smells of bread and of the sea. The sea is never the same twice.
In the evening the keeper lights the lamp and writes down the weather. The weather comes from the west and stays for
three days. For three days nobody crosses the bay. Nobody minds, because there is bread and there are letters. The lamp
turns slowly and draws a circle on the water. On the water a boat waits for the tide. The tide carries the boat past the
old bridge. The old bridge was built by the grandfather of the keeper. He built it of oak and of patience. Patience
is what the sea teaches first. First light finds the harbour full of gulls. The gulls know when the boat comes
home. Home is where the lamp can be seen. It can be seen from the hill, from the bay and from the kitchen of the
baker. The baker rises before the gulls and sings. He sings of ships that nobody has counted. In the winter the
water is black and the circle of light is small. A small light is enough for a boat that knows the way.
`
const words = text.trim().split(/\s+/)
const shortest = 40

/** A Markov chain: each word is followed by a word that follows it somewhere in the text. Use your model instead. */
export class Generator {
  /** How many answers are being generated at the moment. */
  running = 0
  /** The number of tokens that it has ever generated. */
  tokens = 0
  readonly #tokenMs: number

  constructor(tokenMs: number) {
    this.#tokenMs = tokenMs
  }

  /** Stops when the signal aborts, wherever it is. */
  async *generate(prompt: string, signal: AbortSignal): AsyncGenerator<string, void> {
    this.running++
    try {
      let word = 'The'
      for (let count = 1; ; count++) {
        await sleep(this.#tokenMs, undefined, { signal })
        this.tokens++
        yield count === 1 ? word : ` ${word}`
        if (count >= shortest && word.endsWith('.')) return
        word = (count === 1 && subjectOf(prompt)) || follower(word)
      }
    } finally {
      this.running--
    }
  }
}

/** A word of the prompt that also occurs in the text. */
function subjectOf(prompt: string): string | undefined {
  const spoken = new Set(prompt.toLowerCase().match(/[a-z]+/g))
  return pick(words.filter((word, index) => words[index - 1]?.toLowerCase() === 'the' && spoken.has(word)))
}

function follower(word: string): string {
  return pick(words.filter((_, index) => words[index - 1] === word)) ?? 'The'
}

function pick(list: string[]): string | undefined {
  return list[Math.floor(Math.random() * list.length)]
}
