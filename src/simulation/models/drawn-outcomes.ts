import { exp } from '../../base/deterministic-math.ts'
import type { RandomStream } from '../../base/random-stream.ts'
import { estimateTokens } from '../../core/models/estimate-tokens.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import { streamOf } from '../world/seeded-random.ts'
import { drawLogNormal, drawNormal } from './draws.ts'
import { DEFECT_SHARE, KIND_FACTS } from './fitted-profiles.ts'
import type { LatencyProfile, LogNormal, ModelProfile } from './model-profile.ts'
import { type OutcomeSource, type ServedOutcome, taskOf } from './outcome-source.ts'
import type { SimulatedTask } from './simulated-task.ts'

/** Tasks that nobody announced are answered in this length. */
const CHAT_TOKENS = { mean: 4.5, deviation: 0.4 } as const

/** Draws what models do with tasks. For each model and task once: however often and in whatever order it is asked, it says the same. */
export class DrawnOutcomes implements OutcomeSource {
  private readonly seed: number
  private readonly profiles: ReadonlyMap<string, ModelProfile>
  private readonly tasks = new Map<string, SimulatedTask>()
  /** What is left of a model's quality. */
  private readonly quality = new Map<string, number>()

  constructor(init: { readonly seed: number; readonly profiles: readonly ModelProfile[] }) {
    this.seed = init.seed
    this.profiles = new Map(init.profiles.map((profile) => [profile.id, profile]))
  }

  /** Before it is asked: what the world knows of a prompt. */
  announce(task: SimulatedTask): void {
    this.tasks.set(task.prompt, task)
  }

  /** From now on the model is right so many times as often, 0 to 1; 1 makes it well again. */
  degrade(modelId: string, left: number): void {
    this.quality.set(modelId, left)
  }

  /** Chance that the model is right on a task of this kind, as it is now. */
  chanceOf(modelId: string, kind: SimulatedTask['kind']): number {
    return this.profileOf(modelId).kinds[kind].right * (this.quality.get(modelId) ?? 1)
  }

  /** Chance that it is right on this very task, whose difficulty may decide and not its own luck. */
  chanceOn(modelId: string, { kind, difficulty }: Pick<SimulatedTask, 'kind' | 'difficulty'>): number {
    const [chance, { shared }] = [this.chanceOf(modelId, kind), KIND_FACTS[kind]]
    return shared * Number(difficulty < chance) + (1 - shared) * chance
  }

  /** Whether the model's answer to a task is right, which is nobody's to know but the world's. */
  isRight(modelId: string, task: SimulatedTask): boolean {
    const random = this.streamOf(modelId, task.prompt)
    return this.drawRight(random, modelId, task)
  }

  /** What `outcomeOf` would say of a task, without its text and times: for those who measure many. */
  measure(modelId: string, task: SimulatedTask): { readonly isRight: boolean; readonly tokensOut: number } {
    const random = this.streamOf(modelId, task.prompt)
    const isRight = this.drawRight(random, modelId, task)
    return { isRight, tokensOut: drawTokens(random, this.profileOf(modelId).kinds[task.kind].tokensOut) }
  }

  outcomeOf(modelId: string, request: ModelRequest): ServedOutcome {
    const prompt = taskOf(request)
    const task = this.tasks.get(prompt)
    const random = this.streamOf(modelId, prompt)
    const { kinds, latency } = this.profileOf(modelId)
    const isRight = task === undefined || this.drawRight(random, modelId, task)
    const tokensOut = drawTokens(random, task === undefined ? CHAT_TOKENS : kinds[task.kind].tokensOut)
    const text = task === undefined ? 'Noted.' : answerTo(task, { isRight, random })
    return {
      text,
      finishReason: 'stop',
      tokensIn: tokensOf(request),
      tokensOut,
      ...timesOf(latency, tokensOut, random),
    }
  }

  private streamOf(modelId: string, prompt: string): RandomStream {
    return streamOf(this.seed, `model/${modelId}/${prompt}`)
  }

  /** A threshold below which the task's difficulty, or the model's own luck, has to be. */
  private drawRight(random: RandomStream, modelId: string, task: SimulatedTask): boolean {
    const [whose, own] = [random.nextUnit(), random.nextUnit()]
    const luck = whose < KIND_FACTS[task.kind].shared ? task.difficulty : own
    return luck < this.chanceOf(modelId, task.kind)
  }

  private profileOf(modelId: string): ModelProfile {
    const profile = this.profiles.get(modelId)
    if (profile === undefined) throw new RangeError(`No model of this world is called ${modelId}`)
    return profile
  }
}

function drawTokens(random: RandomStream, length: LogNormal): number {
  return Math.max(1, Math.round(drawLogNormal(random, length)))
}

/** All that a provider is sent, as it counts it. */
export function tokensOf({ messages }: ModelRequest): number {
  const text = messages.map(({ content }) => (typeof content === 'string' ? content : '')).join('\n')
  return Math.max(1, estimateTokens(text))
}

/** Both parts of the wait share a draw: who is slow to begin is slow to go on. */
export function timesOf(
  { firstMs, tokenMs, deviation }: LatencyProfile,
  tokensOut: number,
  random: RandomStream,
): Pick<ServedOutcome, 'firstMs' | 'totalMs'> {
  const factor = exp(deviation * drawNormal(random))
  const first = Math.max(1, Math.round(firstMs * factor))
  return { firstMs: first, totalMs: first + Math.round(tokenMs * factor * tokensOut) }
}

type Answering = { readonly isRight: boolean; readonly random: RandomStream }

/** A wrong answer fools whoever looks at its form, or has a defect that is seen: which of the two, is drawn. */
function answerTo({ kind, answers }: SimulatedTask, { isRight, random }: Answering): string {
  const [right = ''] = answers
  const [defect, other] = [random.nextUnit(), random.nextUnit()]
  if (isRight) return right
  const hasDefect = defect < DEFECT_SHARE
  if (kind === 'code')
    return hasDefect ? right.slice(0, right.lastIndexOf('\n')) : right.replace('one.holds', 'not one')
  return hasDefect ? 'It depends' : (answers[1 + Math.floor(other * (answers.length - 1))] ?? right)
}
