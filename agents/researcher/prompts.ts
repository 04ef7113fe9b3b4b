import { extractJson, type FencedSection, type PromptParts } from 'kernell-os/core'
import { fenceTexts } from '../fence-texts.ts'

/** A text that the answer may rest on. */
export type Source = { readonly title: string; readonly text: string }

/** A part of a question that was asked by itself, and what the model answered. */
export type Finding = { readonly question: string; readonly answer: string }

/** Asks for the questions whose answers together answer the question. Parse the reply with `parseQuestions`. */
export function splittingPrompt(
  question: string,
  { questionsMax, conversation }: { readonly questionsMax: number; readonly conversation: string },
): PromptParts {
  const fenced = fenceTexts([...conversationSection(conversation), { name: 'question', content: question }])
  const system = [
    'You prepare an investigation. Name the questions that have to be answered first, each answerable by itself.',
    `Reply with a JSON array of 1 to ${questionsMax} strings and nothing else; a simple question stays one question.`,
    ...conversationLegend(conversation),
    fenced.notice,
  ].join('\n')
  return { system, user: `${fenced.text}\n\nName the questions. JSON array only.` }
}

const QUESTION_CHARS_MAX = 1_000

/** The questions of a reply; the question itself where there are none. */
export function parseQuestions(reply: string | undefined, question: string, questionsMax: number): readonly string[] {
  const value = reply === undefined ? undefined : extractJson(reply, 'array')?.value
  const items: readonly unknown[] = Array.isArray(value) ? value : []
  const texts = items.flatMap((item) => (typeof item === 'string' && item.trim() !== '' ? [item.trim()] : []))
  const questions = [...new Set(texts.map((text) => text.slice(0, QUESTION_CHARS_MAX)))].slice(0, questionsMax)
  return questions.length === 0 ? [question] : questions
}

/** Asks one question, with what is known. */
export function gatheringPrompt(question: string, known: Known): PromptParts {
  const sections = sectionsOf(known)
  const opening = [
    'You answer one question of an investigation: facts first, in at most 200 words.',
    'Say which facts you are not sure of, and that you do not know where you do not.',
  ]
  if (sections.length === 0) return { system: opening.join('\n'), user: question }
  const fenced = fenceTexts(sections)
  const system = [...opening, ...legendOf(known), fenced.notice].join('\n')
  return { system, user: `${fenced.text}\n\n${question}` }
}

export type Known = {
  readonly sources: readonly Source[]
  readonly memories: readonly string[]
  /** Answers to earlier questions of the same investigation, as far as the agent has them in mind. */
  readonly findings: readonly string[]
  /** The conversation that the question belongs to, so far; `''` without one. */
  readonly conversation: string
}

export type Writing = {
  readonly findings: readonly Finding[]
  /** Questions without an answer. */
  readonly gaps: readonly string[]
  readonly conversation: string
}

/** Asks for the answer that follows from the findings. */
export function writingPrompt(question: string, { findings, gaps, conversation }: Writing): PromptParts {
  const fenced = fenceTexts([
    ...conversationSection(conversation),
    ...findings.map((finding, index) => ({ name: `finding-${index + 1}`, content: textOfFinding(finding) })),
  ])
  const system = [
    'You write the answer to a question from the findings of an investigation, and from nothing else.',
    'Refer to findings as [1], [2] where a statement rests on them. Name contradictions between them.',
    ...conversationLegend(conversation),
    ...(gaps.length === 0 ? [] : ['Say what could not be found out:', ...gaps.map((gap) => `- ${gap}`)]),
    fenced.notice,
  ].join('\n')
  return { system, user: `${fenced.text}\n\nAnswer this question: ${question}` }
}

/** The answer when nobody could write one: the findings themselves. */
export function findingsAsAnswer(findings: readonly Finding[]): string {
  return findings.map(({ question, answer }, index) => `[${index + 1}] ${question}\n${answer}`).join('\n\n')
}

export function textOfFinding({ question, answer }: Finding): string {
  return `${question}\n\n${answer}`
}

function sectionsOf({ sources, memories, findings, conversation }: Known): readonly FencedSection[] {
  return [
    ...sources.map(({ text }, index) => ({ name: `source-${index + 1}`, content: text })),
    ...memories.map((text, index) => ({ name: `memory-${index + 1}`, content: text })),
    ...conversationSection(conversation),
    ...findings.map((text, index) => ({ name: `known-${index + 1}`, content: text })),
  ]
}

function legendOf({ sources, memories, findings, conversation }: Known): readonly string[] {
  return [
    ...sources.map(({ title }, index) => `"source-${index + 1}" is ${JSON.stringify(title)}.`),
    ...(memories.length === 0
      ? []
      : ['Sections "memory-..." are what earlier investigations found; they may be out of date.']),
    ...conversationLegend(conversation),
    ...(findings.length === 0 ? [] : ['Sections "known-..." are answers to earlier questions of this investigation.']),
  ]
}

function conversationSection(conversation: string): readonly FencedSection[] {
  return conversation === '' ? [] : [{ name: 'conversation', content: conversation }]
}

function conversationLegend(conversation: string): readonly string[] {
  return conversation === ''
    ? []
    : ['Section "conversation" is what was asked and answered before; the question may refer to it.']
}
