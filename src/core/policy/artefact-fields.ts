import { isChecksumOf } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { LinearModel } from '../kernels/linear-model.ts'
import { decodeBase64 } from '../text/base64.ts'
import { decodeFloat32, decodeFloat64 } from './float-text.ts'

/** Lengths of a linear model's parts. */
export type ModelShape = Pick<LinearModel, 'modelCount' | 'denseCount' | 'sparseCount'>

/** Typed reads of an artefact's JSON. Every method throws `POLICY_ARTEFACT_INVALID` naming the field when it is not as asked for. */
export class ArtefactFields {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #path: string

  private constructor(value: unknown, path: string) {
    this.#path = path
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.invalid('', 'an object')
    this.#fields = value as Readonly<Record<string, unknown>>
  }

  static parse(text: string): ArtefactFields {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error: unknown) {
      throw new CodedError('POLICY_ARTEFACT_INVALID', { message: 'The policy artefact is not JSON', cause: error })
    }
    return new ArtefactFields(value, '')
  }

  invalid(name: string, expected: string): CodedError {
    const field = `${this.#path}${name}`
    return new CodedError('POLICY_ARTEFACT_INVALID', {
      message: `The policy artefact is not usable: \`${field}\` must be ${expected}`,
      details: { field },
    })
  }

  expectKind(kind: string, format: number): void {
    if (this.#fields['kind'] !== kind) throw this.invalid('kind', `"${kind}"`)
    const found = this.wholeNumber('format', Number.MAX_SAFE_INTEGER)
    if (found > format) {
      throw new CodedError('POLICY_FORMAT_NEWER', {
        message: `The policy artefact has format ${found}; this version reads up to ${format}`,
        details: { found, format },
      })
    }
    if (found !== format) throw this.invalid('format', String(format))
  }

  expectChecksum(): void {
    const { checksum, ...rest } = this.#fields
    if (!isChecksumOf(rest, checksum))
      throw this.invalid('checksum', 'the SHA-256 of the rest; the file was changed or cut')
  }

  expectTexts(name: string, expected: readonly string[]): void {
    const found = this.texts(name)
    if (found.length !== expected.length || found.some((text, index) => text !== expected[index])) {
      throw this.invalid(name, 'the features of this version; train the policy again')
    }
  }

  text(name: string): string {
    const value = this.#fields[name]
    if (typeof value !== 'string') throw this.invalid(name, 'a text')
    return value
  }

  optionalText(name: string): string | undefined {
    return this.#fields[name] === undefined ? undefined : this.text(name)
  }

  texts(name: string): readonly string[] {
    const value = this.#fields[name]
    if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string'))
      throw this.invalid(name, 'a list of texts')
    return value
  }

  number(name: string): number {
    const value = this.#fields[name]
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.invalid(name, 'a finite number')
    return value
  }

  wholeNumber(name: string, most: number): number {
    const value = this.#fields[name]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
      throw this.invalid(name, `a whole number from 0 to ${most}`)
    return value
  }

  numbers(name: string): Readonly<Record<string, number>> {
    const inner = this.inner(name)
    for (const key of Object.keys(inner.#fields)) inner.number(key)
    return inner.#fields as Readonly<Record<string, number>>
  }

  inner(name: string): ArtefactFields {
    return new ArtefactFields(this.#fields[name], `${this.#path}${name}.`)
  }

  optional(name: string): ArtefactFields | undefined {
    return this.#fields[name] === undefined ? undefined : this.inner(name)
  }

  list(name: string): readonly ArtefactFields[] {
    const value: unknown = this.#fields[name]
    if (!Array.isArray(value)) throw this.invalid(name, 'a list')
    return value.map((item: unknown, index) => new ArtefactFields(item, `${this.#path}${name}[${index}].`))
  }

  doubles(name: string, count: number): Float64Array {
    const values = decodeFloat64(this.text(name), count)
    if (values === undefined) throw this.invalid(name, `${count} finite numbers in base64`)
    return values
  }

  singles(name: string, count: number): Float32Array {
    const values = decodeFloat32(this.text(name), count)
    if (values === undefined) throw this.invalid(name, `${count} finite numbers in base64`)
    return values
  }

  /** Any number of bytes. */
  someBytes(name: string): Uint8Array<ArrayBuffer> {
    const values = decodeBase64(this.text(name))
    if (values === undefined) throw this.invalid(name, 'bytes in base64')
    return values
  }

  bytes(name: string, count: number): Uint8Array<ArrayBuffer> {
    const values = decodeBase64(this.text(name))
    if (values?.length !== count) throw this.invalid(name, `${count} bytes in base64`)
    return values
  }

  /** A model without any weight of a hashed feature has none stored, whatever the shape says. */
  linearModel(shape: ModelShape): LinearModel {
    const { modelCount, denseCount } = shape
    const sparseCount = this.text('sparse') === '' ? 0 : shape.sparseCount
    return {
      ...shape,
      sparseCount,
      sparseLayout: 'by-index',
      bias: this.singles('bias', modelCount),
      dense: this.singles('dense', modelCount * denseCount),
      sparse: this.singles('sparse', modelCount * sparseCount),
      calibration: this.doubles('calibration', 2 * modelCount),
    }
  }
}
