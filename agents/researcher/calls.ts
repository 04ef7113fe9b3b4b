import { requestOfPrompt } from '../model-calls/ask-with-prompt.ts'
import { PARALLEL_MAX_DEFAULT, type CallGroupInput } from '../model-calls/call-group.ts'
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
  const { resources, request, recalled, questions, askedCount, conversation, notes, purse, report } = context
  const asked = nextQuestions(context)
  const findings = notesOf(notes, 'finding').map(({ text }) => text)
  const known = { sources: request.sources, memories: recalled?.texts ?? [], findings, conversation }
  return {
    routing: resources,
    requests: asked.map((question) => requestOfPrompt(gatheringPrompt(question, known), { maxOutputTokens: 800 })),
    purse,
    callsAfter: questions.length - askedCount - asked.length + 1,
    onOutcome: (index, { kind }) => report('question-answered', { question: asked[index], outcome: kind }),
    ...(resources.parallelMax !== undefined && { parallelMax: resources.parallelMax }),
  }
}

export function writingCall({ resources, request, found, conversation, purse }: Research): CallGroupInput {
  const gaps = found.gaps.map(({ question }) => question)
  const prompt = writingPrompt(request.question, { findings: found.findings, gaps, conversation })
  return { routing: resources, requests: [requestOfPrompt(prompt)], purse }
}
