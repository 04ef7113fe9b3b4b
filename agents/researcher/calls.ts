import { requestOfPrompt } from '../model-calls/ask-with-prompt.ts'
import { PARALLEL_MAX_DEFAULT, type CallGroupInput } from '../model-calls/call-group.ts'
import type { PlanPlace } from 'kernell-os/router'
import { openStepsGate, placesOf } from '../model-calls/plan-gate.ts'
import { notesOf } from '../notes.ts'
import { gatheringPrompt, splittingPrompt, writingPrompt } from './prompts.ts'
import type { Research } from './research.ts'

export function splittingCall({ resources, request, conversation, purse }: Research): CallGroupInput {
  const { question, questionsMax } = request
  const prompt = splittingPrompt(question, { questionsMax, conversation })
  return {
    routing: resources,
    requests: [requestOfPrompt(prompt, { maxOutputTokens: 600 })],
    purse,
    callsAfter: request.questionsMax + 1,
  }
}

/** Those that are asked at once; under a cap, one. */
export function nextQuestions({ questions, askedCount, resources, purse }: Research): readonly string[] {
  const width = purse.capNanos === undefined ? (resources.parallelMax ?? PARALLEL_MAX_DEFAULT) : 1
  return questions.slice(askedCount, askedCount + width)
}

export function gatheringCalls(context: Research): CallGroupInput {
  const { resources, request, recalled, questions, askedCount, conversation, notes, purse, report, use } = context
  const asked = nextQuestions(context)
  const findings = notesOf(notes, 'finding').map(({ text }) => text)
  const known = { sources: request.sources, memories: recalled?.texts ?? [], findings, conversation }
  return {
    routing: resources,
    use: use && { ...use, read: readFor(context) },
    requests: asked.map((question) => requestOfPrompt(gatheringPrompt(question, known), { maxOutputTokens: 800 })),
    purse,
    callsAfter: questions.length - askedCount - asked.length + 1,
    onOutcome: (index, { kind }) => report('question-answered', { question: asked[index], outcome: kind }),
    ...(resources.parallelMax !== undefined && { parallelMax: resources.parallelMax }),
  }
}

/** What is asked of models that may call tools, as one step. */
const RESEARCH = { id: 'research', description: 'Find out what was asked.', depends_on: [] } as const

/**
 * Before models may call tools: what comes of them is kept in the memory, which is then known to hold the word of others. Throws the codes of the firewall.
 */
export async function enterResearch({ resources, recalled, use }: Research): Promise<void> {
  if (use === undefined) return
  const places = placesOf(resources, { recalledIds: recalled?.ids ?? [], isKept: resources.memory !== undefined })
  const gate = await openStepsGate(use.firewall, { ...places, proposedBy: 'researcher', steps: [RESEARCH] })
  gate.enter(RESEARCH)
}

/** What a part is asked with: what was recalled, and the conversation, are of the memory, and what was found by tools is theirs. */
function readFor({ resources, recalled, conversation, request, askedCount }: Research): readonly PlanPlace[] {
  const { tenant } = resources.caller
  const memories = (recalled?.ids ?? []).map((id): PlanPlace => ({ kind: 'memory', locator: `memory/${tenant}/${id}` }))
  return [
    ...memories,
    ...(conversation === '' ? [] : [{ kind: 'memory' as const, locator: `memory/${tenant}` }]),
    ...(request.sources.length > 0 || askedCount > 0
      ? [{ kind: 'document' as const, locator: 'request/documents' }]
      : []),
  ]
}

export function writingCall({ resources, request, found, conversation, purse }: Research): CallGroupInput {
  const gaps = found.gaps.map(({ question }) => question)
  const prompt = writingPrompt(request.question, { findings: found.findings, gaps, conversation })
  return { routing: resources, requests: [requestOfPrompt(prompt)], purse }
}
