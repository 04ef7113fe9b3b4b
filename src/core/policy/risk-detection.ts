import type { TaskRisk } from '../routing/task-outcome.ts'
import { FNV_OFFSET, FNV_PRIME, hashWord } from './lexicon.ts'
import { RISK_RULES, type RiskArea } from './risk-rules.ts'

/** One reason for a risk: the area, the level and the words that matched, for people and for the record. */
export type RiskFinding = { readonly area: RiskArea; readonly level: 'medium' | 'high'; readonly words: string }

/**
 * How much harm a wrong answer may do: the level of the worst finding, `low` where there is none. Findings stand in the order of the rules; two of one area and
 * the same words are one.
 */
export type RiskAssessment = { readonly risk: TaskRisk; readonly findings: readonly RiskFinding[] }

/** Most of a prompt that is searched, in UTF-16 code units; the head and the tail when it is longer. */
const SEARCH_MAX = 8192

/** Finds risks; deterministic, and without state that a call could change. */
export type RiskDetector = { assess(prompt: string): RiskAssessment }

/** A word of the rule was seen, of the two sets that it may need. */
const WORD_SEEN = 1
const ALSO_SEEN = 2

/** Looks for the areas in which a wrong answer does harm. The first match of each rule is reported. */
export function createRiskDetector(): RiskDetector {
  const marksByWord = marksOfWords()
  const needed = Uint8Array.from(RISK_RULES, ({ alsoWords }) => WORD_SEEN | (alsoWords.length > 0 ? ALSO_SEEN : 0))
  // Overwritten by each call.
  const seen = new Uint8Array(RISK_RULES.length)
  return {
    assess(prompt: string): RiskAssessment {
      const text = searchedText(prompt)
      seen.fill(0)
      if (!markRules(text, marksByWord, seen)) return { risk: 'low', findings: [] }
      return assessmentOf(text, (place) => seen[place] === needed[place])
    },
  }
}

/** By the hash of a word: the rules that it may belong to, each as four times its place plus the mark to set. */
function marksOfWords(): ReadonlyMap<number, readonly number[]> {
  const marks = new Map<number, number[]>()
  const add = (words: readonly string[], mark: number): void => {
    for (const word of words) {
      const hash = hashWord(word)
      const known = marks.get(hash)
      if (known === undefined) marks.set(hash, [mark])
      else known.push(mark)
    }
  }
  for (const [place, { words, alsoWords }] of RISK_RULES.entries()) {
    add(words, place * 4 + WORD_SEEN)
    add(alsoWords, place * 4 + ALSO_SEEN)
  }
  return marks
}

/** The same by trying every rule: slower, and the reference for the detector. */
export function assessRisk(prompt: string): RiskAssessment {
  return assessmentOf(searchedText(prompt), () => true)
}

/** Words that several rules of an area match alike are one finding. */
function assessmentOf(text: string, isTried: (place: number) => boolean): RiskAssessment {
  const findings: RiskFinding[] = []
  for (let place = 0; place < RISK_RULES.length; place += 1) {
    if (!isTried(place)) continue
    const rule = RISK_RULES[place]
    const words = rule?.pattern.exec(text)?.[0]
    if (rule === undefined || words === undefined) continue
    const { area, level } = rule
    if (!findings.some((found) => found.area === area && found.words === words)) findings.push({ area, level, words })
  }
  return { risk: riskOf(findings), findings }
}

function searchedText(prompt: string): string {
  if (prompt.length <= SEARCH_MAX) return prompt
  return `${prompt.slice(0, SEARCH_MAX / 2)}\n${prompt.slice(-SEARCH_MAX / 2)}`
}

function riskOf(findings: readonly RiskFinding[]): TaskRisk {
  if (findings.some(({ level }) => level === 'high')) return 'high'
  return findings.length > 0 ? 'medium' : 'low'
}

/** Marks the rules of which words occur; whether there are any. Words are runs of ASCII letters, which is where `\b` of a pattern can begin or end one. */
function markRules(text: string, marksByWord: ReadonlyMap<number, readonly number[]>, seen: Uint8Array): boolean {
  let isAny = false
  let hash = FNV_OFFSET
  let isInWord = false
  for (let at = 0; at <= text.length; at += 1) {
    const lower = at < text.length ? text.charCodeAt(at) | 32 : 0
    if (lower >= 97 && lower <= 122 && text.charCodeAt(at) < 128) {
      hash = Math.imul(hash ^ lower, FNV_PRIME)
      isInWord = true
    } else if (isInWord) {
      const marks = marksByWord.get(hash | 0)
      if (marks !== undefined) {
        isAny = true
        for (const mark of marks) seen[mark >> 2] = (seen[mark >> 2] ?? 0) | (mark & 3)
      }
      hash = FNV_OFFSET
      isInWord = false
    }
  }
  return isAny
}
