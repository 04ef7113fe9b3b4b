import { find, row, told } from './elements.ts'

type Report = {
  readonly hash: string
  readonly events: number
  readonly agents: number
  readonly virtualMs: number
  readonly violationsFound: number
  readonly tookMs: number
}
type Answer = { readonly report: Report } | { readonly failure: string }

/** What Node played when the page was built. */
type Played = {
  readonly scenario: string
  readonly options: object
  /** By seeds. */
  readonly hashes: Readonly<Record<string, string>>
}

/** Plays a seed of a scenario in a worker, and says whether it came out as in Node. */
export class SimulationPanel {
  private readonly button = find('play', HTMLButtonElement)
  private readonly seed = find('seed', HTMLInputElement)
  private readonly status = find('simulation-status', HTMLParagraphElement)
  private readonly facts = find('simulation', HTMLTableSectionElement)

  constructor() {
    find('simulation-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      this.play().catch((error: unknown) => {
        this.status.textContent = told(error)
        this.button.disabled = false
      })
    })
  }

  private async play(): Promise<void> {
    this.button.disabled = true
    this.facts.replaceChildren()
    this.status.textContent = 'Playing …'
    const { scenario, options, hashes } = await fetchPlayed()
    const seed = this.seed.valueAsNumber
    const report = await playInWorker({ scenario, seed, options })
    const expected = hashes[`${seed}`]
    this.status.textContent = verdictOf(report.hash, expected)
    this.facts.replaceChildren(
      row('Hash here', report.hash),
      row('Hash in Node', expected ?? 'not played when the page was built'),
      row('Scenario', `${scenario} ${JSON.stringify(options)}`),
      row('Agents', `${report.agents}`),
      row('Events', `${report.events}`),
      row('Virtual time', `${(report.virtualMs / 1_000).toFixed(1)} s`),
      row('Violations found', `${report.violationsFound}`),
      row('Took', `${report.tookMs.toFixed(0)} ms`),
    )
    this.button.disabled = false
  }
}

function verdictOf(hash: string, expected: string | undefined): string {
  if (expected === undefined) return 'Played. Node did not play this seed when the page was built.'
  return hash === expected ? 'The run of this page is that of Node.' : 'The run of this page differs from that of Node.'
}

async function fetchPlayed(): Promise<Played> {
  const response = await fetch(new URL('played.json', document.baseURI))
  if (!response.ok) throw new Error(`played.json is not beside the page: ${response.status}`)
  return (await response.json()) as Played
}

function playInWorker(order: object): Promise<Report> {
  const worker = new Worker(new URL('simulation-worker.js', document.baseURI), { type: 'module' })
  return new Promise<Report>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      if ('report' in data) resolve(data.report)
      else reject(new Error(data.failure))
    })
    worker.addEventListener('error', ({ message }) => reject(new Error(message || 'The worker could not be started')))
    worker.postMessage(order)
  }).finally(() => worker.terminate())
}
