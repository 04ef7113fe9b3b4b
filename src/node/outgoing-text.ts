import { CodedError } from '../base/errors.ts'
import { redactDocument, redactText } from '../core/redaction/redact-text.ts'

/** A text that leaves the program, without secrets: for logs, remarks and answers about failures. */
export function outgoingText(text: string): string {
  return redactText(text)
}

/** A document that leaves the program, without secrets. */
export function outgoingDocument<Document>(document: Document): Document {
  return redactDocument(document) as Document
}

/** A failure as it is told outside: message, stack, details and causes without secrets. What is no error is told as its text. */
export function outgoingError(error: unknown, depth = 0): Error {
  if (!(error instanceof Error)) return new Error(redactText(String(error)))
  const cause = error.cause === undefined || depth >= CAUSES_MAX ? undefined : outgoingError(error.cause, depth + 1)
  const message = redactText(error.message)
  const told = CodedError.is(error)
    ? new CodedError(error.code, { message, cause, details: outgoingDocument(error.details) })
    : Object.assign(new Error(message, { cause }), { name: error.name })
  if (error.stack !== undefined) told.stack = redactText(error.stack)
  return told
}

const CAUSES_MAX = 8
