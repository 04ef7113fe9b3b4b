import { answerDeterministically } from 'kernell-os/core'
import { find, make, told } from './elements.ts'
import { openSearch, type BuildName, type Hit, type QuestionSearch } from './kernels.ts'
import { CACHED_QUESTIONS } from './questions.ts'

const SHOWN = 5
/** One look-up is shorter than the clock of a page can tell: this many are timed together. */
const TIMED = 50
const TEXTS = CACHED_QUESTIONS.map(({ question }) => question)

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
    this.results.replaceChildren(
      ...hits.map(({ id, score }, place) => {
        const { question = '', answer = '' } = CACHED_QUESTIONS[id] ?? {}
        // A cache answers with one entry, or not at all.
        const isHit = place === 0 && score >= least
        const mark = make('span', { text: isHit ? 'hit' : 'miss', className: isHit ? 'mark hit' : 'mark' })
        const similarity = make('data', { text: score.toFixed(4), className: 'score' })
        similarity.value = `${score}`
        const item = make('li', {}, make('p', { text: question, className: 'question' }), mark, similarity)
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
