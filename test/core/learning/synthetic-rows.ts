import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { ModelOutcome, RoutingRow } from '../../../src/core/learning/routing-rows.ts'

const TOPICS = ['river', 'engine', 'poem', 'planet', 'market', 'virus', 'bridge', 'king']

/**
 * Rows whose outcomes follow a rule that a policy can learn: compound prompts (options that recombine the same words) are failed by the
 * weak model, and forms ("Write code") differ in which model is good at them.
 */
export function syntheticRows(count: number, seed: number): RoutingRow[] {
  const random = createRandomStream(seed)
  return Array.from({ length: count }, () => {
    const topic = TOPICS[random.nextBelow(TOPICS.length)] ?? ''
    const isCompound = random.nextUnit() < 0.5
    const isCode = random.nextUnit() < 0.3
    const chance = (p: number): number => (random.nextUnit() < p ? 1 : 0)
    const weak = chance(isCompound ? 0.2 : 0.9)
    const right = 10 + random.nextBelow(80)
    return {
      prompt: isCode ? codePrompt(topic) : questionPrompt(topic, isCompound),
      isContaminated: false,
      outcomes: new Map<string, ModelOutcome>([
        ['strong', { score: chance(0.95), costUsd: 0.01, response: 'yes' }],
        [
          'weak',
          {
            score: weak,
            costUsd: 0.001,
            response: `${right} + 1 = ${right + (weak === 1 ? 1 : 2)}\nThe answer is ${right + 1}`,
          },
        ],
        ['coder', { score: chance(isCode ? 0.95 : 0.3), costUsd: 0.002 }],
      ]),
    }
  })
}

function codePrompt(topic: string): string {
  return `Write a python function ${topic}(list) that returns an int. assert ${topic}([]) == 0`
}

function questionPrompt(topic: string, isCompound: boolean): string {
  const options = isCompound
    ? ['Wrong, Wrong', 'Wrong, Not wrong', 'Not wrong, Wrong', 'Not wrong, Not wrong']
    : ['oxygen', 'seven miles', 'a red stone', 'nobody knows']
  return `What about the ${topic}?\n${options.map((option, index) => `${'ABCD'.charAt(index)}. ${option}`).join('\n')}\nAnswer:`
}
