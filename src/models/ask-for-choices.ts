import { CodedError } from '../base/errors.ts'
import {
  choicePrompt,
  type ChoiceFields,
  type ChoiceQuestion,
  type ChoiceValue,
} from '../core/policy/choice-question.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { LanguageModel, ModelRequest, ModelUsage } from '../ports/language-model.ts'
import { asRecord, parseJson } from './json-access.ts'

export type Choices<Fields extends ChoiceFields> = { readonly [Name in keyof Fields]: Fields[Name][number] }

export type ChosenAnswer<Fields extends ChoiceFields> = {
  readonly choices: Choices<Fields>
  readonly usage: ModelUsage
}

/** A choice is a few short words; anything longer has gone wrong. */
const OUTPUT_TOKENS_MAX = 256

/**
 * Asks a model to choose one value per field. The answer is constrained to a JSON schema of enums, the only scalar that local grammars
 * keep exactly; numbers are asked for as choices among a few.
 *
 * Throws as `LanguageModel.doGenerate`, and `MODEL_ANSWER_MALFORMED` when the model answers outside the choices all the same.
 */
export async function askForChoices<const Fields extends ChoiceFields>(
  model: LanguageModel,
  question: ChoiceQuestion<Fields>,
  options?: AbortOptions,
): Promise<ChosenAnswer<Fields>> {
  const answer = await model.doGenerate(requestFor(question), options)
  const record = asRecord(parseJson(answer.text))
  const choices: Record<string, ChoiceValue> = {}
  for (const [name, values] of Object.entries(question.fields)) {
    const chosen = values.find((value) => value === record?.[name])
    if (chosen === undefined) {
      throw new CodedError('MODEL_ANSWER_MALFORMED', {
        message: `${model.modelId} chose nothing valid for ${name}`,
        details: { model: model.modelId, field: name },
      })
    }
    choices[name] = chosen
  }
  return { choices: choices as Choices<Fields>, usage: answer.usage }
}

function requestFor(question: ChoiceQuestion<ChoiceFields>): ModelRequest {
  const { system, user, schema } = choicePrompt(question)
  return {
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    responseFormat: { type: 'json-schema', name: 'choices', strict: true, schema },
    temperature: 0,
    maxOutputTokens: OUTPUT_TOKENS_MAX,
  }
}
