const text = `
The river begins under a stone and nobody has seen it begin. The stone is older than the village.
The village has a bridge and a baker and a clock that is late. The baker wakes before the clock.
A boat goes down the river at night with one lamp and two sleeping dogs. The dogs dream of bread.
The lamp is older than the boat. The boat carries letters to the sea and brings the wind back.
The wind reads the letters and tells nobody. The sea answers every letter with a wave.
Every wave begins under the wind and ends on a stone. A letter without an answer becomes a bridge.
The bridge sleeps at noon when the village is quiet. The clock counts the waves and loses count.
Nobody has seen the sea and the baker on the same day. The night has one lamp and the day has two.
`
const words = text.trim().split(/\s+/)
const followers = new Map<string, string[]>()
for (const [index, word] of words.entries()) {
  const next = words[index + 1] ?? 'The'
  followers.set(word, [...(followers.get(word) ?? []), next])
}
const beginnings = words.filter((word) => /^[A-Z]/.test(word))

/** A language model of 150 words. The same prompt gives the same story, so that it can continue after any token. */
export function* tellStory(prompt: string, length: number, after: number): Generator<string> {
  const random = randomNumbers(prompt)
  const pick = (choice: readonly string[]) => choice[Math.floor(random() * choice.length)] ?? ''
  let sentences = 0
  let word = ''
  for (let number = 1; number <= length || !word.endsWith('.'); number++) {
    const paragraph = word.endsWith('.') && ++sentences % 4 === 0
    const separator = paragraph ? '\n\n' : ' '
    const start = word === ''
    word = pick(followers.get(word) ?? beginnings)
    if (number > after) yield start ? word : separator + word
  }
}

/** Numbers between 0 and 1, always the same after the same text. */
function randomNumbers(text: string): () => number {
  let state = 1
  for (const character of text) state = (state * 31 + (character.codePointAt(0) ?? 0)) % 2147483647
  return () => {
    state = (state * 48271 + 11) % 2147483647
    return state / 2147483647
  }
}
