import { parseJson } from '../text/extract-json.ts'
import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'
import {
  formatJsonCompact,
  formatJsonPretty,
  parseJsonDocument,
  parseJsonPrefix,
  unescapeJsonString,
  type JsonNode,
} from './json-document.ts'
import { QUOTE_MARK, readTaskText, type TaskText } from './read-task-text.ts'

const SUBJECT =
  '(?:(?:the |this )?(?:following |given )?json(?: object| document| array| string| data| text| value)?(?: below)?)?'
const PATH = '(\ue000|[a-z_$][\\w$-]*(?:\\.[\\w$-]+|\\[\\d{1,6}\\])*)'
const GET = new RegExp(
  `^(?:(?:what is|what's|get|extract|find|read|return|output|print|give) )?(?:me )?(?:the )?(?:value|content) (?:of|at|for|under|stored at|stored under|associated with)(?: the)?(?: json)?(?: (?:key|path|field|property|attribute))? ${PATH} (?:in|from|of) ?${SUBJECT}$`,
  'i',
)
const GET_PATH = new RegExp(
  `^(?:extract|get|read|return) (?:the (?:key|path|field|property) )?${PATH} from ?${SUBJECT}$`,
  'i',
)
/** A path with a dot or index cannot be an ordinary word, so no "value of" is needed. */
const PATH_QUESTION =
  /^(?:what is|what's|get|extract|return|read|find) ([a-z_$][\w$-]*(?:\.[\w$-]+|\[\d{1,6}\])+) (?:in|from) (?:the |this )?(?:following |given )?json(?: object| document)?$/i
const KEYS = new RegExp(
  `^(?:(?:list|get|extract|what are|return|print|give|show)(?: me)? )?(?:all )?(?:of )?(?:the )?(?:all )?(?:top[- ]level )?keys (?:in|of|from|are in) ?${SUBJECT}$`,
)
const COUNT = new RegExp(
  `^(?:how many|count the|count|count the number of|what is the number of) (?:top[- ]level )?(keys|properties|items|elements|entries)(?: are there| are| does)?(?: there)?(?: are)?(?: in)? ?${SUBJECT}(?: have| contain)?$`,
)
const LENGTH = /^(?:what is |what's )?the length of (?:the |this )?(?:following )?(?:json )?array$/
const PRETTY = new RegExp(
  `^(?:pretty[- ]?print|beautify|prettify|format|indent|reformat) ?${SUBJECT}(?: with (?:an )?(?:indent(?:ation)? of )?(2|two|4|four)(?: spaces)?(?: of indentation)?)?$`,
)
const MINIFY = new RegExp(
  `^(?:minify|compact|compress|minimi[sz]e|uglify) ?${SUBJECT}$|^remove (?:all )?(?:the )?(?:unnecessary )?white ?space from ${SUBJECT}$`,
)
const VALIDATE = new RegExp(
  `^(?:is ${SUBJECT} valid|is this valid json|is the following valid json|validate ${SUBJECT}|check (?:if|whether) ${SUBJECT} is valid|is the following text valid json)$`,
)

/** `Given this JSON: {...}, what is a.b?`: the document comes first, the question after it. */
const DOCUMENT_FIRST =
  /^(?:given|in|from|consider|for|here is|here's) (?:the |this |a )?(?:following |given )?json(?: object| document| array| data)?(?: below)?$/
const QUESTION_WRAP = /^[\s,.;:]*(?:```)?[\s,.;:]*|[\s?.]+$/g

/** Reading and re-formatting a JSON document that the task contains. */
export const answerJson: Recogniser = (task) => {
  if (task.payload === undefined) return undefined
  if (DOCUMENT_FIRST.test(task.instruction)) return answerDocumentFirst(task)
  if (VALIDATE.test(task.instruction)) return answerValidity(task)
  const operation = readOperation(task)
  if (operation === undefined) return undefined
  const document = parseJsonDocument(task.payload.text.replace(/(?: have| contain)?\??$/, ''))
  if (document === undefined || document.kind === 'scalar') return undefined
  const answer = operation(document)
  return answer === undefined ? undefined : exact(answer, 'Read from the JSON document in the task.')
}

function answerDocumentFirst({ payload, quotes }: TaskText): DeterministicAnswer | undefined {
  const text = (payload?.text ?? '').replace(/^```[a-z]*\s/, '')
  const prefix = quotes.length > 0 ? undefined : parseJsonPrefix(text)
  if (prefix === undefined || prefix.node.kind === 'scalar') return undefined
  const question = readTaskText(`${text.slice(prefix.end).replace(QUESTION_WRAP, '')} in this json`)
  const operation = question === undefined || question.payload !== undefined ? undefined : readOperation(question)
  const answer = operation?.(prefix.node)
  return answer === undefined ? undefined : exact(answer, 'Read from the JSON document in the task.')
}

function exact(answer: string, explanation: string): DeterministicAnswer {
  return { tool: 'json', answer, confidence: 1, explanation }
}

type Operation = (document: JsonNode) => string | undefined

function readOperation({ instruction, casedInstruction, quotes }: TaskText): Operation | undefined {
  const get = GET.exec(casedInstruction) ?? GET_PATH.exec(casedInstruction) ?? PATH_QUESTION.exec(casedInstruction)
  if (get !== null && quotes.length === (get[1] === QUOTE_MARK ? 1 : 0)) {
    const path = parsePath(get[1] === QUOTE_MARK ? (quotes[0] ?? '') : (get[1] ?? ''))
    return path === undefined ? undefined : (document) => valueAt(document, path)
  }
  if (quotes.length > 0) return undefined
  if (KEYS.test(instruction)) return listKeys
  const count = COUNT.exec(instruction)
  if (count !== null) return (document) => countMembers(document, count[1] ?? '')
  if (LENGTH.test(instruction)) return (document) => countMembers(document, 'items')
  const pretty = PRETTY.exec(instruction)
  if (pretty !== null)
    return (document) => formatJsonPretty(document, pretty[1] === '4' || pretty[1] === 'four' ? 4 : 2)
  return MINIFY.test(instruction) ? formatJsonCompact : undefined
}

type PathSegment = { readonly name: string } | { readonly index: number }

/** `a.b[0].c`, also from `$.a`; names of letters, digits, `_`, `$`, `-`. */
function parsePath(text: string): readonly PathSegment[] | undefined {
  const written = text.startsWith('$.') ? text.slice(2) : text
  if (!/^[\w$-]+(?:\.[\w$-]+|\[\d{1,6}\])*$/.test(written)) return undefined
  const segments: PathSegment[] = []
  for (const [, name, index] of written.matchAll(/([\w$-]+)(?=\.|\[|$)|\[(\d+)\]/g)) {
    segments.push(index === undefined ? { name: name ?? '' } : { index: Number(index) })
  }
  return segments
}

/** Strings bare, everything else as JSON; `undefined` when the path leads nowhere, for then something else was meant. */
function valueAt(document: JsonNode, path: readonly PathSegment[]): string | undefined {
  let node: JsonNode | undefined = document
  for (const segment of path) {
    if ('index' in segment) node = node?.kind === 'array' ? node.items[segment.index] : undefined
    else node = node?.kind === 'object' ? node.members.find(({ key }) => key === segment.name)?.value : undefined
  }
  if (node === undefined) return undefined
  return node.kind === 'scalar' && node.source.startsWith('"')
    ? unescapeJsonString(node.source)
    : formatJsonCompact(node)
}

function listKeys(document: JsonNode): string | undefined {
  return document.kind === 'object' && document.members.length > 0
    ? document.members.map(({ key }) => key).join(', ')
    : undefined
}

function countMembers(document: JsonNode, noun: string): string | undefined {
  const isKeys = noun === 'keys' || noun === 'properties'
  if (isKeys && document.kind === 'object' && document.members.every(({ value }) => value.kind !== 'object'))
    return String(document.members.length)
  return !isKeys && document.kind === 'array' ? String(document.items.length) : undefined
}

function answerValidity({ payload, quotes }: TaskText): DeterministicAnswer | undefined {
  const text = payload?.text ?? ''
  // Undelimited, the end of the document is a guess; a bracket at both ends is a good one.
  if (quotes.length > 0 || !/^[[{][\s\S]*[\]}]$/.test(text)) return undefined
  const isValid = parseJson(text) !== undefined
  return exact(isValid ? 'Valid' : 'Invalid', 'Parsed by RFC 8259.')
}
