import { createRandomStream } from '../../../src/base/random-stream.ts'

const TOPICS = {
  code: [
    'Write a function in Python that sorts a list of',
    'Fix the bug in this loop over',
    'Implement a class that stores',
  ],
  history: ['When did the empire trade', 'Who ruled the province known for', 'Why did the war about'],
} as const
const THINGS = ['apples', 'rivers', 'matrices', 'coins', 'letters', 'planets', 'bridges', 'kings', 'sensors', 'poems']

export type JudgedDataInit = {
  readonly rows: number
  readonly seed: number
  /** True: models are right by chance, whatever the topic is. */
  readonly isBlind?: boolean
}

/** Questions with the scores of two models of the same price: `coder` knows code, `scholar` history. JSON Lines. */
export function recordedRows({ rows, seed, isBlind = false }: JudgedDataInit): string {
  const random = createRandomStream(seed)
  const lines = Array.from({ length: rows }, (_, at) => {
    const topic = random.nextBelow(2) === 0 ? 'code' : 'history'
    const start = TOPICS[topic][random.nextBelow(3)] ?? ''
    const prompt = `${start} ${THINGS[random.nextBelow(10)] ?? ''} and ${THINGS[random.nextBelow(10)] ?? ''}, case ${seed}-${at}?`
    const chance = (own: boolean): number => (own ? 0.95 : 0.35)
    const score = (own: boolean): number => Number(random.nextUnit() < (isBlind ? 0.6 : chance(own)))
    const models = {
      coder: { score: score(topic === 'code'), cost_usd: 0.001 + 0.0002 * random.nextUnit() },
      scholar: { score: score(topic === 'history'), cost_usd: 0.001 + 0.0002 * random.nextUnit() },
    }
    return JSON.stringify({ prompt, models })
  })
  return `${lines.join('\n')}\n`
}

export type LoggedDataInit = {
  readonly rows: number
  readonly seed: number
  /** P(plan begins with the premium model). */
  readonly premiumShare: number
  readonly from: string
}

/** Rows of `data build` without text: a local model that costs nothing, a premium one that costs a cent. JSON Lines. */
export function loggedRows({ rows, seed, premiumShare, from }: LoggedDataInit): string {
  const random = createRandomStream(seed)
  const lines = Array.from({ length: rows }, (_, at) => {
    const isPremium = random.nextUnit() < premiumShare
    const success = Number(random.nextUnit() < (isPremium ? 0.9 : 0.7))
    const model = isPremium ? 'cloud/premium' : 'here/local'
    const costUsd = isPremium ? 0.01 : 0
    const candidate = (name: string, tier: string, propensity: number): object => ({
      model: name,
      tier,
      predicted_success: 0.8,
      expected_cost_usd: tier === 'premium_api' ? 0.01 : 0,
      expected_latency_s: 1,
      propensity,
    })
    return JSON.stringify({
      task_hash: `task-${seed}-${at}`,
      task_token_count: 20,
      task_domain: 'general',
      hardware_tier: null,
      has_gpu: null,
      predicted_route: 'local',
      actual_route: isPremium ? 'premium' : 'local',
      was_escalated: false,
      escalation_chain: [],
      success: success === 1,
      cost_usd: costUsd,
      latency_s: 1,
      tokens_total: 100,
      optimal_route: 'local',
      should_use_premium: false,
      penalty: 0,
      label_confidence: 0.9,
      label_reason: 'local_success',
      error_type: 'none',
      error_severity: 0,
      timestamp: new Date(Date.parse(from) + at * 600_000).toISOString(),
      policy_version: 'priors-1',
      risk: 'low',
      candidates: [
        candidate('here/local', 'local_medium', 1 - premiumShare),
        candidate('cloud/premium', 'premium_api', premiumShare),
      ],
      action: model,
      propensity: isPremium ? premiumShare : 1 - premiumShare,
      reward: success,
      reward_source: 'executed',
      outcomes: { [model]: { success, cost_usd: costUsd, latency_ms: 1000, source: 'executed' } },
    })
  })
  return `${lines.join('\n')}\n`
}
