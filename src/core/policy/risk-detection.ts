import type { TaskRisk } from '../routing/task-outcome.ts'
import { FNV_OFFSET, FNV_PRIME, hashWord } from './lexicon.ts'

/** One reason for a risk: the area, the level and the words that matched, for people and for the record. */
export type RiskFinding = { readonly area: RiskArea; readonly level: 'medium' | 'high'; readonly words: string }

export type RiskArea = 'payments' | 'authentication' | 'security' | 'medical' | 'legal' | 'irreversible'

export type RiskAssessment = { readonly risk: TaskRisk; readonly findings: readonly RiskFinding[] }

type Rule = {
  readonly area: RiskArea
  readonly level: 'medium' | 'high'
  /** Words of which every match of the pattern has at least one: only rules whose words occur are tried. */
  readonly words: string
  readonly pattern: RegExp
}

/**
 * High: the task asks to act, or to advise someone on an act, where a wrong answer costs money, access, health, rights or
 * data. Medium: the task touches such an area (a question about it is not yet an act). Patterns are written so that their
 * time is linear in the text: no repetition inside a repetition.
 */
const RULES: readonly Rule[] = [
  {
    area: 'payments',
    level: 'high',
    words: 'transfer wire send pay refund withdraw charge',
    pattern:
      /\b(?:transfer|wire|send|pay|refund|withdraw|charge)\s+(?:the\s+|all\s+|my\s+|him\s+|her\s+|them\s+)?(?:[$€£]\s?\d|\d[\d,.]*\s?(?:dollars|usd|eur|euros|pounds|btc|eth)\b)/i,
  },
  {
    area: 'payments',
    level: 'high',
    words: 'execute approve authorize authorise initiate process',
    pattern:
      /\b(?:execute|approve|authorize|authorise|initiate|process) (?:the |a |this |my )?(?:payment|transfer|refund|wire|payout|withdrawal|transaction)\b/i,
  },
  {
    area: 'payments',
    level: 'medium',
    words: 'card cvv iban account gateway method chargeback payout invoice',
    pattern:
      /\b(?:credit card|card number|cvv|iban|bank account|payment gateway|payment method|chargeback|payout|invoice payment)\b/i,
  },
  {
    area: 'authentication',
    level: 'high',
    words: 'reset change disable bypass remove share reveal grant',
    pattern:
      /\b(?:reset|change|disable|bypass|remove|share|reveal|grant) (?:the |my |all |his |her |their |root |admin )?(?:password|passwords|2fa|mfa|two-factor|admin access|root access|credentials|api keys?|private keys?|permissions)\b/i,
  },
  {
    area: 'authentication',
    level: 'medium',
    words: 'password passwords oauth single session jwt api private credentials two access login',
    pattern:
      /\b(?:passwords?|oauth|single sign-on|session tokens?|jwt|api keys?|private keys?|credentials|two-factor|access control|login flow)\b/i,
  },
  {
    area: 'security',
    level: 'high',
    words: 'exploit bypass disable turn open',
    pattern:
      /\b(?:exploit|bypass|disable|turn off|open) (?:the |this |our |a |all )?(?:firewall|vulnerability|antivirus|encryption|authentication|security|ssl|tls|sandbox|port)\b/i,
  },
  {
    area: 'security',
    level: 'medium',
    words: 'vulnerability vulnerabilities injection xss csrf malware ransomware penetration encryption breach remote',
    pattern:
      /\b(?:vulnerabilit(?:y|ies)|sql injection|xss|csrf|malware|ransomware|penetration test\w*|encryption key|data breach|remote code execution)\b/i,
  },
  {
    area: 'medical',
    level: 'high',
    words:
      'dose dosage medication medications medicine medicines mg chest overdose symptom symptoms insulin antidepressant antidepressants blood pregnant suicidal',
    pattern:
      /\b(?:my|should i|can i|i have|i am|i'm|i take|my (?:son|daughter|child|baby|wife|husband|mother|father))\b[^.?!\n]{0,80}\b(?:dose|dosage|medications?|medicines?|mg|chest pain|overdose|symptoms?|insulin|antidepressants?|blood pressure|pregnant|suicidal)\b/i,
  },
  {
    area: 'medical',
    level: 'high',
    words: 'prescribe dose dosage stop diagnose',
    pattern:
      /\b(?:prescribe|what dose|which dose|dosage (?:of|for)|stop taking|lethal dose|diagnose (?:me|my|this patient))\b/i,
  },
  {
    area: 'medical',
    level: 'medium',
    words:
      'patient patients diagnosis prescription drug clinical chemotherapy surgery medication contraindicated contraindication contraindications',
    pattern:
      /\b(?:patients?|diagnosis|prescription|drug interactions?|clinical trial|chemotherapy|surgery|medication|contraindicated|contraindications?)\b/i,
  },
  {
    area: 'legal',
    level: 'high',
    words:
      'sue lawsuit evict evicted eviction custody plead divorce subpoena deported deportation visa arrested liable',
    pattern:
      /\b(?:should i|can i|can we|my|our|am i)\b[^.?!\n]{0,80}\b(?:sue|lawsuit|evict(?:ed|ion)?|custody|plead|divorce settlement|subpoena|deport(?:ed|ation)|visa appeal|arrested|liable)\b/i,
  },
  {
    area: 'legal',
    level: 'high',
    words: 'draft write review sign',
    pattern:
      /\b(?:draft|write|review|sign) (?:a |an |the |this |my |our )?(?:legally binding|contract|nda|will and testament|settlement agreement|power of attorney|lease agreement)\b/i,
  },
  {
    area: 'legal',
    level: 'medium',
    words: 'lawsuit plaintiff defendant liability gdpr hipaa statute jurisdiction intellectual breach tort',
    pattern:
      /\b(?:lawsuit|plaintiff|defendant|liability clause|gdpr|hipaa|statute|jurisdiction|intellectual property|breach of contract|tort)\b/i,
  },
  {
    area: 'irreversible',
    level: 'high',
    words: 'rm drop truncate format git shutdown',
    pattern:
      /\brm -rf?\b|\bdrop (?:table|database)\b|\btruncate table\b|\bformat (?:c:|the disk|the drive)|\bgit push --force\b|\bshutdown -h\b/i,
  },
  {
    area: 'irreversible',
    level: 'high',
    words: 'delete erase wipe destroy purge overwrite remove',
    pattern:
      /\b(?:delete|erase|wipe|destroy|purge|overwrite|remove) (?:the entire|the whole|the production|our production|permanently|(?:all|every) (?:\w+ ){0,2}(?:files?|data|rows|records?|users?|accounts?|tables?|backups?|emails?|messages?|logs?|databases?|customers?|photos?|documents?|folders?|branches|instances|servers?))\b/i,
  },
  {
    area: 'irreversible',
    level: 'high',
    words: 'permanently irreversibly deploy terminate',
    pattern:
      /\b(?:permanently|irreversibly) (?:delete|erase|remove|close|cancel|terminate)\b|\bdeploy (?:it |this |that )?to production\b|\bterminate (?:the |all )?(?:employees?|accounts?|instances)\b/i,
  },
  {
    area: 'irreversible',
    level: 'medium',
    words: 'undone irreversible production factory delete',
    pattern: /\b(?:cannot be undone|irreversible|production database|factory reset|delete my account)\b/i,
  },
]

/** Most of a prompt that is searched, in UTF-16 code units; the head and the tail when it is longer. */
const SEARCH_MAX = 8192

/** Finds risks; deterministic, and without state that a call could change. */
export type RiskDetector = { assess(prompt: string): RiskAssessment }

/** Looks for the areas in which a wrong answer does harm. The first match of each rule is reported. */
export function createRiskDetector(): RiskDetector {
  const rulesByWord = new Map<number, number>()
  for (const [place, { words }] of RULES.entries()) {
    for (const word of words.split(' ')) {
      const hash = hashWord(word)
      rulesByWord.set(hash, (rulesByWord.get(hash) ?? 0) | (1 << place))
    }
  }
  return {
    assess(prompt: string): RiskAssessment {
      const text = searchedText(prompt)
      const candidates = rulesToTry(text, rulesByWord)
      const findings: RiskFinding[] = []
      for (const [place, { area, level, pattern }] of RULES.entries()) {
        const words = (candidates & (1 << place)) === 0 ? undefined : pattern.exec(text)?.[0]
        if (words !== undefined) findings.push({ area, level, words })
      }
      return { risk: riskOf(findings), findings }
    },
  }
}

/** The same by trying every rule: slower, and the reference for the detector. */
export function assessRisk(prompt: string): RiskAssessment {
  const text = searchedText(prompt)
  const findings = RULES.flatMap(({ area, level, pattern }): readonly RiskFinding[] => {
    const words = pattern.exec(text)?.[0]
    return words === undefined ? [] : [{ area, level, words }]
  })
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

/** One bit per rule of which a word occurs. Words are runs of ASCII letters, which is where `\b` of a pattern can begin or end one. */
function rulesToTry(text: string, rulesByWord: ReadonlyMap<number, number>): number {
  let rules = 0
  let hash = FNV_OFFSET
  let isInWord = false
  for (let at = 0; at <= text.length; at += 1) {
    const lower = at < text.length ? text.charCodeAt(at) | 32 : 0
    if (lower >= 97 && lower <= 122 && text.charCodeAt(at) < 128) {
      hash = Math.imul(hash ^ lower, FNV_PRIME)
      isInWord = true
    } else if (isInWord) {
      rules |= rulesByWord.get(hash | 0) ?? 0
      hash = FNV_OFFSET
      isInWord = false
    }
  }
  return rules
}
