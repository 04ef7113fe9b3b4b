import { answerDeterministically, similarQuestionRefusal, type SimilarQuestionRefusal } from 'kernell-os/core'
import { find, make, told } from './elements.ts'
import { openSearch, type BuildName, type Hit, type QuestionSearch } from './kernels.ts'
import { CACHED_QUESTIONS } from './questions.ts'

const SHOWN = 5
/** One look-up is shorter than the clock of a page can tell: this many are timed together. */
const TIMED = 50
const TEXTS = CACHED_QUESTIONS.map(({ question }) => question)

/** Why an answer is not given for another question, however alike the two are. */
const GUARDS: Readonly<Record<SimilarQuestionRefusal, string>> = {
  empty: 'nothing was asked',
  'too-long': 'too long to be compared',
  'too-many-words': 'too long to be compared',
  'no-words': 'no word to compare',
  'depends-on-time': 'the answer depends on when it is asked',
  'depends-on-user': 'the answer depends on who asks',
  number: 'another number',
  negation: 'a negation',
  symbol: 'another symbol',
  name: 'another name',
  opposite: 'the opposite',
  'word-order': 'the words in another order',
}

/** Which cached questions are like what is typed, by either build; `look` is called with each change. */
export class SearchPanel {
  private readonly results = find('hits', HTMLOListElement)
  private readonly facts = find('lookup', HTMLParagraphElement)
  private readonly exact = find('exact', HTMLParagraphElement)
  private readonly threshold = find('threshold', HTMLInputElement)
  private readonly opened = new Map<BuildName, Promise<QuestionSearch>>()
  private text = ''
  private build: BuildName = 'core'

  constructor() {
    for (const name of ['core', 'component'] as const)
      find(`build-${name}`, HTMLInputElement).addEventListener('change', () => {
        this.build = name
        this.refresh()
      })
    this.threshold.addEventListener('input', () => this.refresh())
    find('cached', HTMLElement).textContent = `${TEXTS.length}`
  }

  look(text: string): void {
    this.text = text
    this.refresh()
  }

  private refresh(): void {
    this.show().catch((error: unknown) => {
      this.facts.textContent = told(error)
      this.results.replaceChildren()
    })
  }

  private async show(): Promise<void> {
    const { text, build } = this
    const search = await this.searchOf(build)
    // Something else was typed or chosen while the build was fetched.
    if (text !== this.text || build !== this.build) return
    const exact = answerDeterministically(text)
    this.exact.textContent =
      exact === undefined ? 'No exact tool answers this.' : `An exact tool answers before any cache: ${exact.answer}`
    const hits = search.search(text, SHOWN)
    const startedAt = performance.now()
    for (let time = 0; time < TIMED; time += 1) search.search(text, SHOWN)
    const microseconds = ((performance.now() - startedAt) * 1_000) / TIMED
    this.showHits(hits)
    const name = build === 'core' ? 'core.wasm' : 'the component'
    this.facts.textContent =
      hits.length === 0
        ? `Type a question; ${name} is ready.`
        : `${hits.length} nearest of ${TEXTS.length} by ${name}, ${microseconds.toFixed(1)} µs a look-up`
  }

  private showHits(hits: readonly Hit[]): void {
    const least = Number(this.threshold.value)
    find('threshold-value', HTMLOutputElement).textContent = least.toFixed(2)
    const judged = hits.map(({ id, score }) => {
      const { question = '', answer = '' } = CACHED_QUESTIONS[id] ?? {}
      return { question, answer, score, refusal: similarQuestionRefusal(this.text, question) }
    })
    // A cache answers with one entry, or not at all: the nearest of those that no guard refuses.
    const chosen = judged.find(({ score, refusal }) => score >= least && refusal === undefined)
    this.results.replaceChildren(
      ...judged.map((hit) => {
        const { question, answer, score, refusal } = hit
        const isHit = hit === chosen
        const isGuarded = score >= least && refusal !== undefined
        const mark = make('span', { text: isHit ? 'hit' : 'miss', className: isHit ? 'mark hit' : 'mark' })
        const similarity = make('data', { text: score.toFixed(4), className: 'score' })
        similarity.value = `${score}`
        const item = make('li', {}, make('p', { text: question, className: 'question' }), mark, similarity)
        if (isGuarded) item.append(make('span', { text: GUARDS[refusal], className: 'guard' }))
        if (isHit) item.append(make('p', { text: answer, className: 'answer' }))
        return item
      }),
    )
  }

  /** One that could not be opened is tried again with the next look. */
  private searchOf(build: BuildName): Promise<QuestionSearch> {
    const known = this.opened.get(build)
    if (known !== undefined) return known
    const opening = openSearch(build, TEXTS)
    this.opened.set(build, opening)
    opening.catch(() => this.opened.delete(build))
    return opening
  }
}
