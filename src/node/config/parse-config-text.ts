import {
  createScanner,
  findNodeAtLocation,
  parseTree,
  getNodeValue,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser'
import { CodedError } from '../../base/errors.ts'
import { checkConfigDocument, type ConfigOrigin } from './check-config-document.ts'
import type { ConfigDocument } from './config-document.ts'

/**
 * Reads the text of a configuration file: JSON with comments and trailing commas.
 *
 * Throws `CONFIG_INVALID` naming the line of what is not JSON, or the key that is not valid.
 */
export function parseConfigText(text: string, fileName: string): ConfigDocument {
  refuseDepth(text, fileName)
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined || tree === undefined) throw syntaxError(text, fileName, first)
  rejectRepeatedKeys(tree, text, fileName)
  const origin: ConfigOrigin = {
    name: fileName,
    lineOf: (path) => {
      const node = findNodeAtLocation(
        tree,
        path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
      )
      return node === undefined ? undefined : lineAt(text, node.offset)
    },
  }
  return checkConfigDocument(getNodeValue(tree), origin)
}

/** Far more than any section has; the parser is called once for each level. */
const DEPTH_MAX = 64

function refuseDepth(text: string, fileName: string): void {
  const scanner = createScanner(text, true)
  let depth = 0
  while (scanner.getPosition() < text.length) {
    scanner.scan()
    const first = text[scanner.getTokenOffset()]
    if (first === '{' || first === '[') depth += 1
    else if (first === '}' || first === ']') depth -= 1
    if (depth <= DEPTH_MAX) continue
    const line = lineAt(text, scanner.getTokenOffset())
    throw new CodedError('CONFIG_INVALID', {
      message: `More than ${DEPTH_MAX} objects and lists within each other (${fileName}, line ${line}).`,
      details: { file: fileName, line },
    })
  }
}

function syntaxError(text: string, fileName: string, error: ParseError | undefined): CodedError {
  const line = lineAt(text, error?.offset ?? 0)
  const what = error === undefined ? 'the file is empty' : describeSyntax(error)
  return new CodedError('CONFIG_INVALID', {
    message: `Not valid JSON: ${what} (${fileName}, line ${line}).`,
    details: { file: fileName, line },
  })
}

/** The parser's words for its errors, in words for people. */
const SYNTAX_WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a word without quotes that is no value',
  InvalidNumberFormat: 'a number is malformed',
  PropertyNameExpected: 'a key in double quotes is missing',
  ValueExpected: 'a value is missing',
  ColonExpected: 'a colon is missing after a key',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'there is text after the end',
  InvalidCommentToken: 'a comment is malformed',
  UnexpectedEndOfComment: 'a comment is not closed',
  UnexpectedEndOfString: 'a text has no closing quote',
  UnexpectedEndOfNumber: 'a number is cut short',
  InvalidUnicode: 'a \\u is not followed by four hex digits',
  InvalidEscapeCharacter: 'a backslash is followed by a character that it cannot escape',
  InvalidCharacter: 'a text holds a control character',
}

function describeSyntax({ error }: ParseError): string {
  return SYNTAX_WORDS[printParseErrorCode(error)] ?? 'its form is broken'
}

/** JSON keeps the last of two equal keys in silence; here the second is most likely a mistake. */
function rejectRepeatedKeys(node: Node, text: string, fileName: string): void {
  const seen = new Set<string>()
  for (const child of node.children ?? []) {
    const name: unknown = child.type === 'property' ? child.children?.[0]?.value : undefined
    if (typeof name === 'string' && seen.has(name)) {
      const line = lineAt(text, child.offset)
      const message = `The key \`${name}\` is given twice (${fileName}, line ${line}).`
      throw new CodedError('CONFIG_INVALID', { message, details: { key: name, file: fileName, line } })
    }
    if (typeof name === 'string') seen.add(name)
    rejectRepeatedKeys(child, text, fileName)
  }
}

function lineAt(text: string, offset: number): number {
  let line = 1
  for (let index = text.indexOf('\n'); index !== -1 && index < offset; index = text.indexOf('\n', index + 1)) line += 1
  return line
}
