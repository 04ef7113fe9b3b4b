import {
  createPolicyScorer,
  createPromptAssessor,
  parsePolicyArtefact,
  priorSuccess,
  type ModelTier,
  type PolicyScorer,
  type PromptAssessment,
} from 'kernell-os/core'
import { bar, find, percent, row, told } from './elements.ts'

const TIERS: readonly ModelTier[] = [
  'local_nano',
  'local_small',
  'local_medium',
  'local_large',
  'cheap_api',
  'premium_api',
]
/** No policy that is of use to a page is larger. */
const FILE_BYTES_MAX = 32 * 1024 * 1024

/** What the policy of a node sees in what is typed, and how likely it holds each candidate to be right. */
export class PolicyPanel {
  private readonly assessor = createPromptAssessor()
  private readonly facts = find('assessment', HTMLTableSectionElement)
  private readonly features = find('features', HTMLTableSectionElement)
  private readonly priors = find('priors', HTMLTableSectionElement)
  private readonly trained = find('trained', HTMLTableSectionElement)
  private readonly note = find('policy-note', HTMLParagraphElement)
  private scorer: PolicyScorer | undefined
  private text = ''

  constructor() {
    const file = find('policy-file', HTMLInputElement)
    file.addEventListener('change', () => {
      const [chosen] = file.files ?? []
      if (chosen === undefined) return
      this.take(chosen.name, readPolicyFile(chosen)).catch((error: unknown) => this.refuse(chosen.name, error))
    })
    this.take('policy.json', fetchPolicy()).catch((error: unknown) => this.refuse('policy.json', error))
  }

  look(text: string): void {
    this.text = text
    const { features, tokens, difficulty, difficultyIndex, domain, signs, isCompound, risk } = this.assess()
    this.facts.replaceChildren(
      row('Difficulty', `${difficulty} of 5 (index ${difficultyIndex.toFixed(2)})`),
      row('Domain', domain),
      row('Signs of work', signs.length === 0 ? 'none' : signs.join(', ')),
      row('Worth splitting', isCompound ? 'yes' : 'no'),
      row('Risk', riskText(risk)),
      row('Tokens', `${tokens}`),
    )
    const seen = Object.entries(features).filter(([, value]) => value !== 0)
    this.features.replaceChildren(...seen.map(([name, value]) => row(name, value.toFixed(4))))
    this.priors.replaceChildren(
      ...TIERS.map((tier) => {
        const success = priorSuccess({ tier, difficultyMax: 5, specialties: [] }, { difficulty, domain })
        return row(tier, percent(success), bar(success))
      }),
    )
    this.showTrained()
  }

  private assess(): PromptAssessment {
    return this.assessor.assess(this.text)
  }

  private showTrained(): void {
    const { scorer } = this
    if (scorer === undefined) return
    const { success } = scorer.score(this.text)
    this.trained.replaceChildren(
      ...scorer.artefact.candidates.map((name, place) => {
        const chance = success[place] ?? 0
        return row(name, percent(chance), bar(chance))
      }),
    )
  }

  private async take(name: string, text: Promise<string>): Promise<void> {
    this.scorer = createPolicyScorer({ artefact: parsePolicyArtefact(await text) })
    this.note.textContent = `Scores of ${name}, ${this.scorer.artefact.candidates.length} candidates.`
    this.showTrained()
  }

  private refuse(name: string, error: unknown): void {
    this.note.textContent = `${name} cannot be used: ${told(error)}`
  }
}

function riskText({ risk, findings }: PromptAssessment['risk']): string {
  return findings.length === 0 ? risk : `${risk}: ${findings.map(({ area, words }) => `${area} (${words})`).join(', ')}`
}

async function readPolicyFile(file: File): Promise<string> {
  if (file.size > FILE_BYTES_MAX) throw new Error(`it has ${file.size} bytes, and ${FILE_BYTES_MAX} is the most`)
  return await file.text()
}

async function fetchPolicy(): Promise<string> {
  const response = await fetch(new URL('policy.json', document.baseURI))
  if (!response.ok) throw new Error(`it is not beside the page: ${response.status}`)
  return await response.text()
}
