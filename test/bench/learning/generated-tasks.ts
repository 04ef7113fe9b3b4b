import { createRandomStream, type RandomStream } from 'kernell-os/core'

/** A task as text, and whether a model did it: drawn, with log odds that add up from the words and pairs of words of the text. */
export type GeneratedTask = { readonly text: string; readonly isRight: boolean }

const WORDS = 50_000
const TOPICS = 200
const TOPIC_WORDS = 400
const SYLLABLES = ['ka', 'ro', 'min', 'te', 'su', 'lor', 'ven', 'di', 'pa', 'gru', 'fel', 'no', 'xi', 'bra', 'ch', 'ul']

/**
 * Texts of 30 to 75 words. Words are as frequent as in a language (Zipf), and half of them belong to the topic of the text, so that pairs of words
 * come again. The same seed gives the same texts.
 */
export function* generateTasks(count: number, seed: number): Generator<GeneratedTask, void, undefined> {
  const random = createRandomStream(seed)
  const names = Array.from({ length: WORDS }, (_, word) => nameOf(word))
  const frequencies = zipf(WORDS)
  const topicFrequencies = zipf(TOPIC_WORDS)
  for (let row = 0; row < count; row += 1) {
    const topic = random.nextBelow(TOPICS)
    const words: number[] = []
    const length = 30 + random.nextBelow(46)
    for (let place = 0; place < length; place += 1) {
      const isTopical = random.nextUnit() < 0.5
      words.push(
        isTopical ? (drawFrom(topicFrequencies, random) * TOPICS + topic * 37) % WORDS : drawFrom(frequencies, random),
      )
    }
    const chance = 1 / (1 + Math.exp(-logOddsOf(words)))
    yield { text: words.map((word) => names[word] ?? '').join(' '), isRight: random.nextUnit() < chance }
  }
}

function logOddsOf(words: readonly number[]): number {
  let sum = 0.8
  for (const [place, word] of words.entries()) {
    sum += 3 * effectOf(word)
    if (place > 0) sum += effectOf((words[place - 1] ?? 0) * 31 + word)
  }
  return sum / Math.sqrt(words.length) + 0.3
}

/** A fixed number between -1 and 1 for whatever is numbered. */
function effectOf(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 15), 0x2c1b3c6d)
  return (Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 8) / 8_388_608 - 1
}

function nameOf(word: number): string {
  let name = ''
  for (let rest = word + 1; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
    name += SYLLABLES[rest % SYLLABLES.length] ?? ''
  return name
}

/** Cumulative shares of ranks, each as frequent as one over its rank. */
function zipf(count: number): Float64Array {
  const shares = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank += 1) {
    sum += 1 / (rank + 2)
    shares[rank] = sum
  }
  return shares.map((share) => share / sum)
}

function drawFrom(shares: Float64Array, random: RandomStream): number {
  const draw = random.nextUnit()
  let low = 0
  let high = shares.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((shares[middle] ?? 1) <= draw) low = middle + 1
    else high = middle
  }
  return low
}
