import { CodedError } from '../../base/errors.ts'

export function unknownError(version: string): CodedError {
  return new CodedError('POLICY_UNKNOWN', {
    message: `No policy ${JSON.stringify(version.slice(0, 80))} is registered`,
    details: { version: version.slice(0, 80) },
  })
}

export function damagedError(version: string, cause?: unknown): CodedError {
  return new CodedError('POLICY_DAMAGED', {
    message: `The registered policy ${version} is damaged`,
    cause,
    details: { version },
  })
}

export function fullError(message: string): CodedError {
  return new CodedError('POLICY_REGISTRY_FULL', { message })
}
