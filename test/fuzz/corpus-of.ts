import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { findDecoders } from './discover.ts'
import { type Corpus, CORPUS, readCorpus, type StoredSample } from './samples.ts'

const EACH_MAX = 3
const EACH_BYTES_MAX = 1_100

/** Adds to the corpus what `collect-samples.ts` wrote down: of every decoder a few samples of different lengths, none of them long unless all are. */
export function collectCorpus(folder: string): Corpus {
  const gathered = new Map<string, StoredSample[]>(
    Object.entries(readCorpus()).map(([name, samples]) => [name, [...samples]]),
  )
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(`${folder}/${file}`, 'utf8').split('\n')) {
      if (line === '') continue
      const [name, sample] = JSON.parse(line) as [string, StoredSample]
      gathered.set(name, [...(gathered.get(name) ?? []), sample])
    }
  }
  const known = new Set(findDecoders().map(({ name }) => name))
  const corpus = Object.fromEntries(
    [...gathered]
      .filter(([name]) => known.has(name))
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, samples]) => [name, chosen(samples)]),
  )
  for (const [file, part] of Object.entries(Object.groupBy(Object.entries(corpus), ([name]) => fileOf(name))))
    writeFileSync(new URL(file, CORPUS), `${JSON.stringify(Object.fromEntries(part ?? []), undefined, 1)}\n`)
  return corpus
}

function fileOf(name: string): string {
  const [layer = '', area = ''] = name.split('/')
  return layer === 'core' ? `core-${area}.json` : `${layer}.json`
}

/** The shortest, the longest that is not too long, and some between them. */
function chosen(samples: readonly StoredSample[]): readonly StoredSample[] {
  const different = new Map(samples.map((sample) => [JSON.stringify(sample), sample]))
  const sorted = [...different].toSorted(([left], [right]) => left.length - right.length || (left < right ? -1 : 1))
  const fitting = sorted.filter(([text]) => text.length <= EACH_BYTES_MAX)
  const from = fitting.length > 0 ? fitting : sorted.slice(0, 1)
  const last = from.length - 1
  const places = new Set(Array.from({ length: EACH_MAX }, (_, index) => Math.round((index * last) / (EACH_MAX - 1))))
  return [...places].flatMap((place) => from.slice(place, place + 1).map(([, sample]) => sample))
}
