import type { Sha256Hex } from '../../base/sha256.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import {
  TRAINED_TASKS_MAX,
  packTrainedTasks,
  taskNumberOf,
  type TrainedTasks,
} from '../../core/policy/trained-tasks.ts'

/**
 * By what two rows are of the same task: the task's hash, which a node's records salt, and the text itself where it was kept, so that a record and a
 * question of a public set are seen to be the same.
 */
export function taskKeysOf({ taskHash, prompt }: LoggedTask, sha256Hex: Sha256Hex): readonly string[] {
  const byText = prompt === undefined ? taskHash : sha256Hex(prompt)
  return byText === taskHash ? [taskHash] : [taskHash, byText]
}

/** Notes the tasks that are learned from: eight bytes a key, and no text and no hash. */
export class TrainedTaskCollector {
  readonly #sha256Hex: Sha256Hex
  readonly #keysMax: number
  #numbers = new Float64Array(1024)
  #count = 0

  constructor(sha256Hex: Sha256Hex, keysMax: number = TRAINED_TASKS_MAX) {
    this.#sha256Hex = sha256Hex
    this.#keysMax = keysMax
  }

  add(task: LoggedTask): void {
    for (const key of taskKeysOf(task, this.#sha256Hex)) this.addNumber(taskNumberOf(key, this.#sha256Hex))
  }

  addNumber(number: number): void {
    // One more than can be kept says that not all are.
    if (this.#count > this.#keysMax) return
    if (this.#count === this.#numbers.length) {
      const grown = new Float64Array(2 * this.#count)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers[this.#count] = number
    this.#count += 1
  }

  /** Numbers noted so far, repeats included; `undefined` when they are more than can be kept. */
  get numbers(): Float64Array | undefined {
    return this.#count > this.#keysMax ? undefined : this.#numbers.slice(0, this.#count)
  }

  /** The set, salted with the artefact's data card; `undefined` when the tasks are more than can be kept. */
  pack(salt: string): TrainedTasks | undefined {
    const { numbers } = this
    return numbers === undefined ? undefined : packTrainedTasks(numbers, { salt, sha256Hex: this.#sha256Hex })
  }
}
