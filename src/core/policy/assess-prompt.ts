import { estimateTokens } from '../models/estimate-tokens.ts'
import { difficultyIndex } from './difficulty-index.ts'
import { createFeatureExtractor, PROMPT_FEATURES } from './prompt-features.ts'
import { createRiskDetector, type RiskAssessment } from './risk-detection.ts'
import { profileTask, type TaskProfile } from './task-profile.ts'

/** What a policy sees in a prompt before it weighs any model. The values are the caller's. */
export type PromptAssessment = TaskProfile & {
  /** By the names of the dense features, in their order: counts c as log(1 + c), shares between 0 and 1. */
  readonly features: Readonly<Record<string, number>>
  /** Estimated, a whole number. */
  readonly tokens: number
  /** How much a stronger model is likely to help: about -5 (short, plain) to 5 (long, compound). */
  readonly difficultyIndex: number
  readonly risk: RiskAssessment
}

/** Made by `createPromptAssessor`. Its buffers are overwritten by each call, and nothing else is kept: equal prompts get equal assessments. */
export type PromptAssessor = { assess(prompt: string): PromptAssessment }

/**
 * Assesses prompts as the policy of a node does, without a trained artefact: features, difficulty and domain by the documented rules, risk. With
 * `priorSuccess` it gives the chances that a node without a trained policy counts with. Deterministic to the last bit. One call at a time.
 */
export function createPromptAssessor(): PromptAssessor {
  const extractor = createFeatureExtractor()
  const risks = createRiskDetector()
  return {
    assess(prompt) {
      const { dense, scan } = extractor.extract(prompt)
      return {
        ...profileTask(scan),
        features: Object.fromEntries(PROMPT_FEATURES.map((name, place) => [name, dense[place] ?? 0])),
        tokens: estimateTokens(prompt),
        difficultyIndex: difficultyIndex(dense),
        risk: risks.assess(prompt),
      }
    },
  }
}
